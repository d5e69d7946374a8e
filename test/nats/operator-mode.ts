/** A server whose users are JWTs: an operator, its system account, one account with JetStream, one user with creds. */
import { createHash } from "node:crypto";
import { createAccount, createOperator, createUser, type KeyPair } from "nkeys.js";

export interface OperatorMode {
  /** Lines of the server's configuration. */
  readonly configuration: string;
  /** What a creds file of the user holds. */
  readonly creds: string;
}

/** Claims are as `nsc` makes them, with nothing but what the server asks for. */
export function operatorMode(): OperatorMode {
  const [operator, system, account, user] = [
    createOperator(),
    createAccount(),
    createAccount(),
    createUser(),
  ];
  const noLimit = {
    subs: -1,
    data: -1,
    payload: -1,
    conn: -1,
    leaf: -1,
    imports: -1,
    exports: -1,
    wildcards: true,
  };
  const jetStream = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };
  const operatorJwt = signed(operator, operator, "operator", {
    type: "operator",
    system_account: system.getPublicKey(),
  });
  const systemJwt = signed(operator, system, "system", { type: "account", limits: noLimit });
  const accountJwt = signed(operator, account, "routeledger", {
    type: "account",
    limits: { ...noLimit, ...jetStream },
  });
  const userJwt = signed(account, user, "api", { type: "user", subs: -1, data: -1, payload: -1 });
  const preload = [`${system.getPublicKey()}: ${systemJwt}`, `${account.getPublicKey()}: ${accountJwt}`].join(
    "\n",
  );
  return {
    configuration: `operator: ${operatorJwt}\nsystem_account: ${system.getPublicKey()}\nresolver: MEMORY\nresolver_preload {\n${preload}\n}\n`,
    creds: `-----BEGIN NATS USER JWT-----\n${userJwt}\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n${Buffer.from(user.getSeed()).toString()}\n------END USER NKEY SEED------\n`,
  };
}

function signed(
  issuer: KeyPair,
  subject: KeyPair,
  name: string,
  nats: Readonly<Record<string, unknown>>,
): string {
  const claims = {
    iat: 1_700_000_000,
    iss: issuer.getPublicKey(),
    name,
    sub: subject.getPublicKey(),
    nats: { ...nats, version: 2 },
  };
  const jti = createHash("sha256").update(JSON.stringify(claims)).digest("base64url");
  const text = [
    { typ: "JWT", alg: "ed25519-nkey" },
    { jti, ...claims },
  ]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
  return `${text}.${Buffer.from(issuer.sign(Buffer.from(text))).toString("base64url")}`;
}
