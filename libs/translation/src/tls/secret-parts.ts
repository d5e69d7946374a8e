import {
  type ConfigObject,
  type ConfigState,
  getObject,
  sealedTokens,
  secretFacts,
} from "@routeledger/config-model";
import { codec, type envoy } from "@routeledger/protos";
import { assert, by } from "@routeledger/std";
import type { Part } from "@routeledger/xds-model";
import type { MemoTable } from "../memo-table.ts";
import { makePart } from "../parts.ts";
import { trustedCertificates } from "./ca-refs.ts";
import type { TlsSecret } from "./tls-secret.ts";

/** The SDS resources, sorted by name, each once. A private key stands in them sealed; edges open it. */
export function secretParts(state: ConfigState, secrets: readonly TlsSecret[], memo: MemoTable): Part[] {
  const unique = new Map(secrets.map((secret) => [secret.resource, secret]));
  return [...unique.values()].sort(by(({ resource }) => resource)).map((secret) => {
    const objects = secret.objects.map((ref) => {
      const object = getObject(state, ref);
      assert(object !== undefined, `a resolved reference of ${secret.resource}`);
      return object;
    });
    return memo.get(secret.resource, objects, () => secretPart(secret, objects));
  });
}

const secretMessages = codec("envoy.extensions.transport_sockets.tls.v3.Secret");

function secretPart({ type, resource }: TlsSecret, objects: readonly ConfigObject[]): Part {
  const message = {
    name: resource,
    ...(type === "certificate" ? tlsCertificate(objects) : trustedCa(objects)),
  };
  return makePart({ type: "secret", resource }, secretMessages.encode(message), objects);
}

function tlsCertificate([secret]: readonly ConfigObject[]): envoy.extensions.transport_sockets.tls.v3.Secret {
  const tls = secret && secretFacts(secret.object)?.tls;
  assert(tls !== undefined && !("problem" in tls), "a Secret with a sound certificate");
  const sealedKey = secret && sealedTokens(secret.object)["tls.key"];
  assert(sealedKey !== undefined, "a Secret with a sealed key");
  return {
    tlsCertificate: {
      certificateChain: { inlineString: tls.chain },
      privateKey: { inlineString: sealedKey },
    },
  };
}

function trustedCa(configMaps: readonly ConfigObject[]): envoy.extensions.transport_sockets.tls.v3.Secret {
  const chains = configMaps.map((configMap) => {
    const certificates = trustedCertificates(configMap);
    assert(!("problem" in certificates), "ConfigMaps with sound CA certificates");
    return certificates.certificates;
  });
  return { validationContext: { trustedCa: { inlineString: chains.join("") } } };
}
