import { deepEqual, equal, rejects } from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { createNatsStreams, type NatsOptions, openNatsEventLogs } from "@routeledger/event-log-nats";
import { type JetStreamAdmin, jetStreamAdmin } from "../nats/jetstream-admin.ts";
import { type NatsTestServer, type NatsTestServers, startNatsServer } from "../nats/nats-server.ts";

/** What is found out before a process works with the streams. */

let running: NatsTestServers & { readonly server: NatsTestServer };
let admin: JetStreamAdmin;
let options: NatsOptions;

before(async () => {
  running = await startNatsServer();
  admin = jetStreamAdmin(running.url);
  options = { servers: [running.url], name: "attach" };
});
beforeEach(async () => {
  for (const name of ["CONFIG", "XDS", "DELIVERY"]) await admin.deleteStream(name);
});
after(() => running.dispose());

async function attach(changed: Partial<NatsOptions> = {}): Promise<void> {
  const logs = await openNatsEventLogs({ ...options, ...changed });
  await logs.close();
}

test("the streams are made once, and those that are there already stay", async () => {
  deepEqual(await createNatsStreams({ ...options, replicas: 1 }), ["CONFIG", "XDS", "DELIVERY"]);
  const logs = await openNatsEventLogs(options);
  await logs.xds.append({ messages: [{ subject: "A", body: new Uint8Array(1) }], expectedLast: 0 });
  deepEqual(await createNatsStreams({ ...options, replicas: 1 }), []);
  equal((await logs.xds.info()).lastSequence, 1);
  await admin.deleteStream("CONFIG");
  deepEqual(await createNatsStreams({ ...options, replicas: 1 }), ["CONFIG"]);
  await logs.close();
});

test("streams that several make at the same time are made once", async () => {
  const made = await Promise.all([1, 2, 3].map(() => createNatsStreams({ ...options, replicas: 1 })));
  // The server takes the same settings twice for one wish: who made it is not told apart then.
  deepEqual([...new Set(made.flat())].sort(), ["CONFIG", "DELIVERY", "XDS"]);
  await attach();
});

test("more replicas than servers are refused with the server's reason", async () => {
  await rejects(createNatsStreams({ ...options, replicas: 3 }), {
    code: "nats.notCreated",
    message: /replicas/,
  });
});

test("a missing stream is said, with the command that makes it", async () => {
  await createNatsStreams({ ...options, replicas: 1 });
  await admin.deleteStream("XDS");
  await rejects(attach(), { code: "nats.noStream", retryable: false, hint: /routeledger log create/ });
});

test("a stream under which messages could get lost is refused, and the field is named", async () => {
  const changes = [
    { stream: "CONFIG", change: { max_msgs: 1_000 }, field: "max_msgs" },
    { stream: "CONFIG", change: { max_bytes: 1_000_000 }, field: "max_bytes" },
    { stream: "XDS", change: { max_age: 3_600_000_000_000 }, field: "max_age" },
    { stream: "XDS", change: { discard: "old" }, field: "discard" },
    { stream: "CONFIG", change: { max_msgs_per_subject: 5 }, field: "max_msgs_per_subject" },
    { stream: "CONFIG", change: { allow_rollup_hdrs: true }, field: "allow_rollup_hdrs" },
    { stream: "CONFIG", change: { allow_atomic: false }, field: "allow_atomic" },
    { stream: "DELIVERY", change: { allow_atomic: false }, field: "allow_atomic" },
    { stream: "CONFIG", change: { subjects: ["routeledger.config.>", "more"] }, field: "subjects" },
  ];
  for (const { stream, change, field } of changes) {
    await createNatsStreams({ ...options, replicas: 1 });
    await admin.editStream(stream, change);
    const failure = { code: "nats.unsafeStream", message: new RegExp(`stream ${stream}: ${field} is`) };
    await rejects(attach(), failure, JSON.stringify(change));
    await rejects(createNatsStreams({ ...options, replicas: 1 }), failure);
    await admin.deleteStream(stream);
  }
});

test("a stream that was made otherwise is refused for what cannot be changed any more", async () => {
  const changes = [
    { change: { storage: "memory" }, field: "storage" },
    { change: { retention: "workqueue" }, field: "retention" },
    { change: { persist_mode: "async", allow_atomic: false }, field: "persist_mode" },
    { change: { allow_msg_ttl: true }, field: "allow_msg_ttl" },
    { change: { deny_delete: false }, field: "deny_delete" },
    { change: { first_seq: 100 }, field: "first_seq" },
  ];
  await createNatsStreams({ ...options, replicas: 1 });
  const { config } = await admin.ask("STREAM.INFO.CONFIG");
  for (const { change, field } of changes) {
    await admin.deleteStream("CONFIG");
    await admin.createStream({ ...config, name: "CONFIG", ...change });
    const failure = { code: "nats.unsafeStream", message: new RegExp(`stream CONFIG: ${field} `) };
    await rejects(attach(), failure, JSON.stringify(change));
  }
});

test("DELIVERY may forget, within bounds that the operator sets", async () => {
  await createNatsStreams({ ...options, replicas: 1, deliveryBytesMax: 1_000_000, deliveryAgeMaxMs: 60_000 });
  const { config } = await admin.ask("STREAM.INFO.DELIVERY");
  deepEqual([config?.max_bytes, config?.max_age, config?.discard], [1_000_000, 60_000_000_000, "old"]);
  await attach();
});

test("a server that is too old is refused with its version and the one that is needed", async () => {
  const old = createServer((socket) => {
    const info = { server_id: "old", version: "2.11.9", proto: 1, headers: true, max_payload: 1_048_576 };
    socket.write(`INFO ${JSON.stringify(info)}\r\n`);
    socket.on("data", (bytes) => {
      if (bytes.includes("PING")) socket.write("PONG\r\n");
    });
    socket.on("error", () => {});
  }).listen(0, "127.0.0.1");
  await once(old, "listening");
  const servers = [`nats://127.0.0.1:${(old.address() as AddressInfo).port}`];
  const failure = { code: "nats.serverTooOld", message: /version 2\.11\.9/, hint: /2\.12 or newer/ };
  await rejects(attach({ servers }), failure);
  await rejects(createNatsStreams({ ...options, servers, replicas: 1 }), failure);
  old.close();
});

test("no server is said at once, and that it may be tried again", async () => {
  const servers = ["nats://127.0.0.1:1"];
  await rejects(attach({ servers }), {
    code: "nats.unreachable",
    retryable: true,
    message: /127\.0\.0\.1:1/,
  });
});

test("a file that the settings name and that is not there is said", async () => {
  const failure = { code: "nats.credentials", message: /no-such-file/ };
  await rejects(attach({ user: "a", passwordFile: "/no-such-file" }), failure);
  await rejects(attach({ caFile: "/no-such-file" }), failure);
  await rejects(attach({ credsFile: "/no-such-file" }), failure);
  await rejects(attach({ credsFile: import.meta.filename }), { code: "nats.credentials" });
  await rejects(attach({ user: "a*" }), { code: "nats.credentials" });
});

test("another password is refused, and the message holds none", async () => {
  const folder = await mkdtemp(join(tmpdir(), "routeledger-nats-password-"));
  const passwordFile = join(folder, "password");
  await writeFile(passwordFile, "wrong-secret\n");
  const guarded = await startNatsServer({
    configuration: "authorization { user: api, password: right-secret }",
  });
  try {
    const access = { servers: [guarded.url], user: "api", passwordFile };
    await rejects(attach(access), (error: Error & { code?: string }) => {
      equal(error.code, "nats.refused");
      equal(/secret/.test(JSON.stringify([error.message, error.stack])), false);
      return true;
    });
  } finally {
    await guarded.dispose();
    await rm(folder, { recursive: true });
  }
});

test("a server that takes less than a chunk in a message is refused", async () => {
  const narrow = await startNatsServer({ configuration: "max_payload: 512KB" });
  try {
    await rejects(attach({ servers: [narrow.url] }), { code: "nats.smallPayload", hint: /max_payload/ });
  } finally {
    await narrow.dispose();
  }
});
