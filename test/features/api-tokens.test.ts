import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { openTokensFile, parseTokens, startApi } from "@routeledger/api";
import { silentLogger } from "@routeledger/service-kit";
import { Failure, type JsonObject, systemClock } from "@routeledger/std";
import { loopbackCertificate } from "./api/loopback-certificate.ts";
import { gatewayClass, type RunningApi, withApi } from "./api/running-api.ts";
import { runCli } from "./cli/run-cli.ts";

const alice = "the-token-of-alice-0001";
const bob = "the-token-of-bob-000002";
const tokens = parseTokens(`alice ${alice}\nbob ${bob}\n`);
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

test("whoever writes is named by the token, whatever the request says", () =>
  withApi(
    async ({ api, post, logs }) => {
      const address = `http://${api.address}/v1/apply`;
      const answer = await post("/v1/apply?actor=mallory", gatewayClass, bearer(alice));
      assert.equal(answer.status, 200);
      const revision = String(answer.body.revision).split(".")[1];
      const event = await fetch(`http://${api.address}/v1/log?limit=1`, { headers: bearer(bob) });
      const { events } = (await event.json()) as { events: JsonObject[] };
      assert.equal(events[0]?.actor, "alice");
      assert.equal(String(events[0]?.revision).split(".")[1], revision);
      const before = await logs.config.info();
      for (const headers of [{}, bearer(`${alice}x`), { authorization: `Basic ${alice}` }]) {
        const refused = await fetch(address, { method: "POST", headers, body: "{" });
        assert.equal(refused.status, 401);
        assert.equal(refused.headers.get("www-authenticate"), "Bearer");
        const { error } = (await refused.json()) as { error: JsonObject };
        assert.equal(error.code, "unauthorized");
        assert.match(String(error.hint), /--token-file, ROUTELEDGER_TOKEN_FILE or ROUTELEDGER_TOKEN/);
      }
      assert.deepEqual(await logs.config.info(), before);
    },
    { translator: false, options: { tokens } },
  ));

test("with tokens every page asks for one but /livez and /readyz, however its path is written", () =>
  withApi(
    async ({ api }) => {
      const statusOf = async (path: string, headers = {}) =>
        (await fetch(`http://${api.address}${path}`, { headers })).status;
      for (const path of ["/livez", "/livez?a=b", "/readyz"]) assert.equal(await statusOf(path), 200, path);
      const pages = [
        "/",
        "/metrics",
        "/openapi.json",
        "/v1/head",
        "/v1/log",
        "/nowhere",
        "/livez/",
        "//livez",
      ];
      for (const path of pages) assert.equal(await statusOf(path), 401, path);
      assert.equal(await statusOf("/metrics", bearer(bob)), 200);
      const page = await fetch(`http://${api.address}/metrics`, { headers: bearer(bob) });
      assert.match(await page.text(), /routeledger_api_unauthorized_requests_total 8/);
    },
    { translator: false, options: { tokens } },
  ));

test("a Host that is no loopback name is refused in open mode only", async () => {
  await withApi(async (running) => assert.equal(await statusWithHost(running), 400), { translator: false });
  await withApi(async (running) => assert.equal(await statusWithHost(running, bearer(bob)), 200), {
    translator: false,
    options: { tokens },
  });
});

test("any address may be bound with tokens, loopback only without", () =>
  withApi(
    async ({ api, logs, store }) => {
      assert.match(api.address, /^0\.0\.0\.0:\d+$/);
      const parts = { logs, store, clock: systemClock, randomBytes, logger: silentLogger };
      await assert.rejects(
        startApi({ ...parts, address: "0.0.0.0:0" }),
        (error) => error instanceof Failure && /--tokens-file/.test(String(error.hint)),
      );
    },
    { translator: false, options: { tokens, address: "0.0.0.0:0" } },
  ));

test("a token that is taken out of its file is nobody's any more, without a restart", () =>
  withApi(
    async ({ folder }) => {
      const path = join(folder, "tokens");
      await writeFile(path, `alice ${alice}\n`);
      const read = Promise.withResolvers<void>();
      const logger = { ...silentLogger, info: () => read.resolve() };
      const file = await openTokensFile({ path, clock: systemClock, logger });
      try {
        assert.equal(file.actorOf(alice), "alice");
        await writeFile(path, `bob ${bob}\n`);
        await read.promise;
        assert.equal(file.actorOf(bob), "bob");
        assert.equal(file.actorOf(alice), undefined);
      } finally {
        file.stop();
      }
    },
    { translator: false },
  ));

test("a tokens file that becomes wrong is said, and the tokens that it held stay", () =>
  withApi(
    async ({ folder }) => {
      const path = join(folder, "tokens");
      await writeFile(path, `alice ${alice}\n`);
      const said = Promise.withResolvers<object>();
      const logger = { ...silentLogger, error: (fields: object) => said.resolve(fields) };
      const file = await openTokensFile({ path, clock: systemClock, logger });
      try {
        await writeFile(path, "bob short\n");
        const { err } = (await said.promise) as { err: unknown };
        assert.ok(err instanceof Failure && err.code === "api.tokens");
        assert.equal(file.actorOf(alice), "alice");
      } finally {
        file.stop();
      }
    },
    { translator: false },
  ));

test("over TLS the command line asks with its token, from a file or the environment, and says what is missing", () =>
  withApi(
    async ({ api, folder }) => {
      const server = `https://${api.address}`;
      const caFile = join(folder, "ca.pem");
      const tokenFile = join(folder, "token");
      await writeFile(caFile, loopbackCertificate.cert);
      await writeFile(tokenFile, `${alice}\n`);
      const trusted = { ROUTELEDGER_CA_FILE: caFile };
      const good = await runCli(["status", "--ca-file", caFile, "--token-file", tokenFile], { server });
      assert.equal(good.code, 0, good.stderr);
      for (const environment of [{ ROUTELEDGER_TOKEN_FILE: tokenFile }, { ROUTELEDGER_TOKEN: bob }]) {
        const run = await runCli(["log"], { server, environment: { ...trusted, ...environment } });
        assert.equal(run.code, 0, run.stderr);
      }
      const nobody = await runCli(["log"], { server, environment: trusted });
      assert.equal(nobody.code, 1);
      assert.match(nobody.stderr, /the request has no token[\s\S]*hint: .*--token-file/);
      const untrusted = await runCli(["log", "--token-file", tokenFile], { server });
      assert.equal(untrusted.code, 1);
      assert.match(untrusted.stderr, /self-signed certificate[\s\S]*hint: .*--ca-file/);
      const missing = await runCli(["log", "--token-file", join(folder, "none")], { server });
      assert.match(missing.stderr, /read the token .*none[\s\S]*hint/);
    },
    { translator: false, options: { tokens, tls: loopbackCertificate } },
  ));

function statusWithHost({ api }: RunningApi, headers: Record<string, string> = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request(
      `http://${api.address}/v1/head`,
      { headers: { ...headers, host: "evil.example" } },
      (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      },
    );
    asked.on("error", reject).end();
  });
}
