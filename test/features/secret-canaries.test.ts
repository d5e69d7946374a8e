/** P11: values are planted in Secrets, and looked for in all that a control plane says and writes. */
import { deepEqual, match, ok } from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { JsonObject } from "@routeledger/std";
import { DevProcess } from "./cli/dev-process.ts";
import { freePort } from "./cli/named-backend.ts";
import { runCli } from "./cli/run-cli.ts";
import { Canaries } from "./secrets/canaries.ts";
import { gatewayObjects, publicMarker, refusedWith, secretsWith } from "./secrets/canary-objects.ts";
import { first } from "./xds/certificates.ts";
import { protocols, RawClient } from "./xds/raw-client.ts";
import { SideClient } from "./xds/side-client.ts";

/** Of each test, milliseconds: what should not wait for ever fails. */
const timeout = 60_000;

const canaries = new Canaries();
const markers = new Canaries();
markers.plant("marker", publicMarker);
const folder = await mkdtemp(join(tmpdir(), "routeledger-canaries-"));
const [dataFolder, watched] = [join(folder, "data"), join(folder, "watched")];
/** What was said: where, and what. */
const said: { readonly where: string; readonly text: string | Uint8Array }[] = [];
const secrets = secretsWith(canaries);
const refused = refusedWith(canaries);
let dev: DevProcess;
let apiUrl: string;
let edgeAddress: string;

before(async () => {
  await mkdir(watched);
  const value = canaries.plant("watched", "canary-watched-0123456789abcdef");
  const head = "apiVersion: v1\nkind: Secret\nmetadata: {name: watched}\n";
  await writeFile(join(watched, "sound.yaml"), `${head}stringData: {password: ${value}}\n`);
  await writeFile(join(watched, "broken.yaml"), `${head}stringData: {password: "${value}\n`);
  await writeFile(join(watched, "typo.yaml"), `${head}stringDate: {password: ${value}}\n`);
  dev = new DevProcess({
    dataFolder,
    args: ["--no-envoy", "--watch", watched],
    environment: { ROUTELEDGER_LOG_LEVEL: "debug" },
  });
  apiUrl = await dev.apiUrl();
  edgeAddress = (await dev.saw(/xDS (\S+),/))[1] as string;
});

after(async () => {
  await dev.end("SIGKILL");
  await rm(folder, { recursive: true, force: true });
});

async function cli(args: string[], stdin: string | undefined = undefined): Promise<string> {
  const { stdout, stderr } = await runCli(args, { server: apiUrl, ...(stdin !== undefined && { stdin }) });
  said.push({ where: `routeledger ${args.join(" ")}`, text: stdout + stderr });
  return stdout + stderr;
}

async function http(path: string, init: RequestInit = {}): Promise<string> {
  const response = await fetch(`${apiUrl}${path}`, init);
  const text = `${[...response.headers].join("\n")}\n${await response.text()}`;
  said.push({ where: `${init.method ?? "GET"} ${path}`, text });
  return text;
}

function post(path: string, body: JsonObject | string): Promise<string> {
  const isText = typeof body === "string";
  const headers = { "content-type": isText ? "application/yaml" : "application/json" };
  return http(path, { method: "POST", headers, body: isText ? body : JSON.stringify(body) });
}

test("what applies, and what is refused, is answered without a value", { timeout }, async () => {
  match(
    await cli(["apply", "-f", "-"], documents([...gatewayObjects(await freePort()), ...secrets])),
    /created/,
  );
  match(await post("/v1/apply?dryRun=true", { objects: changed(secrets) }), /sealedData/);
  match(await post("/v1/apply", documents(changed(secrets))), /configured/);
  match(await post("/v1/apply?atomic=true", documents(secrets)), /configured/);
  for (const text of refused) {
    match(await post("/v1/apply", text), /"refused"|"error"/);
    await post("/v1/delete", text);
  }
  match(await cli(["apply", "-f", "-"], refused.join("---\n")), /error: .*expected/);
  const broken = JSON.stringify({ objects: secrets });
  for (const body of [`${broken}x`, broken.slice(0, -60), broken.replace(/"data":/, '"data" ')])
    await http("/v1/apply", { method: "POST", headers: { "content-type": "application/json" }, body });
  for (const body of refused)
    await http("/v1/apply", { method: "POST", headers: { "content-type": "application/json" }, body });
  await post("/v1/apply", `{"objects": [${JSON.stringify(secrets[0]).slice(0, -40)}`);
  await dev.saw(/broken\.yaml/);
  await dev.saw(/typo\.yaml/);
});

test("all that is asked of Secrets, their history and what became of them is answered without a value", {
  timeout,
}, async () => {
  const gets = [
    ...["/", "/openapi.json", "/metrics", "/livez", "/readyz", "/v1/head", "/v1/status", "/v1/proxies"],
    ...[
      "/v1/objects/secret",
      "/v1/objects/secret/default/client",
      "/v1/objects/secret/default/client?at=@-2",
    ],
    ...["/v1/status/secret/default/client", "/v1/log?all=true&limit=1000", "/v1/xds", "/v1/xds/default/web"],
    ...[
      "/v1/diff?a=@-2&b=@head",
      "/v1/diff?a=@1.1&b=@head",
      "/v1/store/digest",
      "/v1/objects/secret/default/x",
    ],
  ];
  const answers = new Map<string, string>();
  for (const path of gets) answers.set(path, await http(path));
  const head = Number(/"head":\s*"1\.(\d+)"/.exec(answers.get("/v1/head") ?? "")?.[1]);
  ok(head > 5, `some revisions, got ${head}`);
  for (let sequence = 1; sequence <= head; sequence++) await http(`/v1/events/@${sequence}`);
  match(answers.get("/v1/xds/default/web") ?? "", /secret\/default\/client/);
  match(await post("/v1/replay/check", {}), /"differences?"|"equal"|ok/i);
  const commands = [
    ...["get secret -o yaml", "get secret client -o json", "log", "log --oneline", "status", "proxies"],
    ...["diff @-2 @head", "show @-1", "doctor", "get secret --at @-1 -o yaml", "proxy canary"],
  ];
  for (const command of commands) await cli(command.split(" "));
  await cli(["delete", "secret", "text"]);
});

test("an edge tells an allowed proxy the key, and says it nowhere else", { timeout }, async () => {
  for (const protocol of protocols) {
    const client = new RawClient(edgeAddress);
    const stream = client.open(protocol, { id: "canary", cluster: "default/web" });
    stream.subscribe("secret", "secret/default/client");
    const { resources } = await stream.take("secret");
    const found = resources.flatMap(({ value }) => canaries.foundIn("SDS", value));
    ok(found.includes("tls.key, line 1 as itself in SDS"), "the key, as the proxy needs it");
    const side = new SideClient(edgeAddress);
    const service = "envoy.service.status.v3.ClientStatusDiscoveryService";
    const status = await side.ask<object>(service, "FetchClientStatus", {});
    match(JSON.stringify(status), /secret\/default\/client/);
    said.push({ where: "CSDS", text: JSON.stringify(status) }, { where: "CSDS", text: bytesIn(status) });
    side.close();
    client.close();
  }
  const other = new RawClient(edgeAddress);
  const foreign = other.open("delta", { id: "foreign", cluster: "default/other" });
  foreign.subscribe("secret", "secret/default/client");
  const { resources, removed } = await foreign.take("secret");
  deepEqual([resources, removed], [[], ["secret/default/client"]]);
  other.close();
  await http("/v1/proxies/canary?history=100");
  await cli(["proxy", "canary"]);
});

test("a new key, resealing, and a restart on the old one's logs say no value", { timeout }, async () => {
  match(await cli(["secrets", "new-key", join(dataFolder, "sealing-keys")]), /seals/);
  const text = (await readFile(join(dataFolder, "sealing-keys"), "utf8")).split("\n");
  for (const line of text.filter((one) => one !== ""))
    said.every((one) => ok(!one.text.includes(line as never)));
  await untilReads();
  match(await cli(["secrets", "reseal"]), /secret\/client configured/);
  await http("/metrics");
  await dev.end("SIGTERM");
  await rm(join(dataFolder, "sealing-keys"));
});

test("P11: no canary is in any answer, line or file, and the marker beside them is in all of them", {
  timeout,
}, async () => {
  said.push({ where: "dev", text: dev.output });
  ok(canaries.count > 20);
  const found = said.flatMap(({ where, text }) => canaries.foundIn(where, text));
  found.push(...(await canaries.foundInFolder(dataFolder)));
  deepEqual(found, []);
  const seen = (where: string) =>
    said.filter((one) => one.where === where).flatMap(({ text }) => markers.foundIn(where, text));
  for (const where of [
    "GET /v1/objects/secret",
    "routeledger get secret -o yaml",
    "GET /v1/diff?a=@1.1&b=@head",
  ])
    ok(seen(where).length > 0, where);
  const files = (await markers.foundInFolder(dataFolder)).join("\n");
  for (const file of [/CONFIG[^\n]*/i, /store[^\n]*, compressed/]) match(files, file);
  const chain = new Canaries();
  chain.plant("certificate", first.cert.split("\n")[1] ?? "");
  match((await chain.foundInFolder(dataFolder)).join("\n"), /XDS/i);
});

/** Until the api has read the changed key file. */
async function untilReads(): Promise<void> {
  const log = join(dataFolder, "dev.log");
  while (!(await readFile(log, "utf8")).includes("sealing keys were read again"))
    await new Promise((resolve) => setTimeout(resolve, 20));
}

function documents(objects: readonly JsonObject[]): string {
  return objects.map((object) => `${JSON.stringify(object)}\n`).join("---\n");
}

/** The same Secrets with another key of data, so that each is a change. */
function changed(objects: readonly JsonObject[]): JsonObject[] {
  return objects.map((object) => ({
    ...object,
    stringData: { ...(object.stringData as JsonObject | undefined), more: "no canary" },
  }));
}

function bytesIn(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (typeof value !== "object" || value === null) return new Uint8Array();
  return Buffer.concat(Object.values(value).map(bytesIn));
}
