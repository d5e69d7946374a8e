/** What `routeledger doctor` says of real NATS servers. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { connect } from "nats";
import { freePorts } from "../conformance/free-ports.ts";
import { NatsTestServer } from "../nats/nats-server.ts";
import { runCli } from "./cli/run-cli.ts";

const timeout = 60_000;

let folder: string;
let server: NatsTestServer;
let monitorUrl: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "routeledger-doctor-"));
  const [port = 0, monitorPort = 0] = await freePorts(2);
  monitorUrl = `http://127.0.0.1:${monitorPort}`;
  // As somebody who knows no better runs it: acknowledged before it is on disk.
  const configuration = `server_name: plain
listen: "127.0.0.1:${port}"
http: "127.0.0.1:${monitorPort}"
jetstream { store_dir: "${join(folder, "store")}" }
`;
  server = new NatsTestServer({ name: "plain", folder, port, monitorPort, configuration });
  await server.start();
});

after(async () => {
  await server.kill();
  await rm(folder, { recursive: true, force: true });
});

/** The line of a finding, and what follows it. */
async function doctor(...args: string[]): Promise<string> {
  // No api is there, so the exit code is 1 whatever NATS is like.
  const { code, stdout } = await runCli(["doctor", "--nats-url", server.url, ...args], {
    server: "http://127.0.0.1:9",
  });
  assert.equal(code, 1, stdout);
  return stdout;
}

test("without streams doctor names the command that makes them, and what it cannot see", {
  timeout,
}, async () => {
  const said = await doctor();
  assert.match(said, /^ok {3}NATS: plain 2\.\d+\.\d+, round trip \d+ ms$/m);
  assert.match(said, /^bad {2}stream CONFIG: .*not found\n +hint: .*routeledger log create;/m);
  assert.match(said, /^\? {4}durability: a client cannot see .*\n +hint: --nats-monitor-url/m);
});

test("with streams it shows what they hold, and how the clocks differ", { timeout }, async () => {
  assert.equal((await runCli(["log", "create", "--nats-url", server.url])).code, 0);
  const said = await doctor();
  assert.match(said, /^ok {3}stream CONFIG: empty, 1 replica\(s\)$/m);
  assert.match(said, /^ok {3}clock: NATS is \d+ ms (ahead of|behind) this machine$/m);
});

test("a server that acknowledges before it writes is bad, by its monitoring port", { timeout }, async () => {
  const said = await doctor("--nats-monitor-url", monitorUrl);
  assert.match(
    said,
    /^bad {2}durability at http\S+: plain acknowledges before it writes to disk, up to 120 s/m,
  );
  assert.match(said, /hint: jetstream \{ sync_interval: always \}/);
});

test("a stream that would lose messages is bad, with the field and the mend", { timeout }, async () => {
  const connection = await connect({ servers: server.url });
  const manager = await connection.jetstreamManager();
  await manager.streams.update("XDS", { max_age: 3_600_000_000_000 });
  await connection.close();
  const said = await doctor();
  assert.match(
    said,
    /^bad {2}stream XDS: .*max_age is 3600000000000, not 0\n +hint: .*nats stream edit XDS$/m,
  );
  assert.match(said, /^ok {3}stream CONFIG: /m);
});

test("a NATS that is not there is bad, with what to look at", { timeout }, async () => {
  const { stdout } = await runCli(["doctor", "--nats-url", "nats://127.0.0.1:9"], {
    server: "http://127.0.0.1:9",
  });
  assert.match(
    stdout,
    /^bad {2}NATS: connect to NATS at nats:\/\/127\.0\.0\.1:9: CONNECTION_REFUSED\n +hint: /m,
  );
});
