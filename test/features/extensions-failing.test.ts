/**
 * Extension servers that fail, beside real sockets: each call is over at its deadline, none waits for another, and
 * the first call after a server came back is answered.
 */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { once } from "node:events";
import { createServer as createHttp2Server } from "node:http2";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { answerOf, clientOf, clusterQuestion, failure, onPort, timed } from "./extensions/asked.ts";
import { type Behaviour, ExtensionServer, stuck, unchanged } from "./extensions/extension-server.ts";

/** How much later than its deadline an outcome may be there, milliseconds. */
const lateMs = 100;
/** Timers count whole milliseconds. */
const earlyMs = 2;

interface Took {
  readonly tookMs: number;
  readonly stalledMs: number;
}

function atDeadline(took: Took, deadlineMs: number): void {
  ok(took.tookMs >= deadlineMs - earlyMs, `${took.tookMs} ms, deadline ${deadlineMs} ms`);
  under(took, deadlineMs + lateMs);
}

function under({ tookMs, stalledMs }: Took, maxMs: number): void {
  ok(tookMs - stalledMs <= maxMs, `${tookMs} ms, of which stalled ${stalledMs} ms, at most ${maxMs} ms`);
}

async function listening(test: TestContext, server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  test.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** Not for something to happen, but so that two deadlines differ. */
function waited(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}

/** A port on which nobody listens. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

test("a stuck server costs the deadline, of two seconds by default, and is told of it", async (t) => {
  let timeoutMs = 0;
  const server = await ExtensionServer.start(t, (received) => {
    timeoutMs = received.timeoutMs;
  });
  const call = await timed(() => clientOf(t, onPort(server.port)).askResource(clusterQuestion()));
  const { code, message, retryable } = failure(call.result);
  deepEqual([code, retryable], ["DEADLINE_EXCEEDED", true]);
  match(
    message,
    /^ask extension ext PostClusterModify for "web": DEADLINE_EXCEEDED: no answer within 2000 ms/,
  );
  atDeadline(call, 2_000);
  ok(timeoutMs > 1_500 && timeoutMs <= 2_000, `${timeoutMs} ms`);
});

test("an HTTP/2 server that takes requests and says nothing, and a port that says nothing at all", async (t) => {
  const silent = createHttp2Server();
  silent.on("stream", (stream) => stream.on("error", () => undefined));
  const mute = createServer();
  for (const port of [await listening(t, silent as unknown as Server), await listening(t, mute)]) {
    const client = clientOf(t, onPort(port), { deadlineMs: 300 });
    for (let count = 0; count < 2; count++) {
      const call = await timed(() => client.askResource(clusterQuestion()));
      equal(failure(call.result).code, "DEADLINE_EXCEEDED");
      atDeadline(call, 300);
    }
  }
});

test("an absent server is UNAVAILABLE within the tries, and its deadline where that is earlier", async (t) => {
  const port = await freePort();
  const patient = await timed(() => clientOf(t, onPort(port)).askResource(clusterQuestion()));
  const { code, message } = failure(patient.result);
  equal(code, "UNAVAILABLE");
  match(message, /ECONNREFUSED.*\(try 4\)$/);
  ok(patient.tookMs >= 690, `${patient.tookMs} ms`);
  under(patient, 1_200);
  const hasty = await timed(() =>
    clientOf(t, onPort(port), { deadlineMs: 150 }).askResource(clusterQuestion()),
  );
  equal(failure(hasty.result).code, "UNAVAILABLE");
  under(hasty, 150 + lateMs);
  const nowhere = { unix: { path: "/nonexistent/extension.sock" } };
  equal(failure(await clientOf(t, nowhere).askResource(clusterQuestion())).code, "UNAVAILABLE");
});

test("a call that waits for a connection goes on to its own deadline when an earlier one has met its own", async (t) => {
  const retry = { maxAttempts: 1 };
  const client = clientOf(t, { ...onPort(await listening(t, createServer())), retry }, { deadlineMs: 300 });
  const early = client.askResource(clusterQuestion("early"));
  await waited(150);
  const late = await timed(() => client.askResource(clusterQuestion("late")));
  for (const outcome of [await early, late.result]) equal(failure(outcome).code, "DEADLINE_EXCEEDED");
  atDeadline(late, 300);
});

test("UNAVAILABLE twice, then good: one call is answered", async (t) => {
  const flapping: Behaviour = (call) =>
    call.count % 3 === 0 ? call.answer(new Uint8Array(0)) : call.fail(14, "not yet");
  const server = await ExtensionServer.start(t, flapping);
  const client = clientOf(t, onPort(server.port));
  for (let call = 1; call <= 2; call++) {
    deepEqual(await client.askResource(clusterQuestion()), { kind: "unchanged" });
    equal(server.called.length, 3 * call);
  }
});

test("UNAVAILABLE for ever is over after maxAttempts, and within the deadline when pauses are long", async (t) => {
  const server = await ExtensionServer.start(t, ({ fail }) => fail(14, "not yet"));
  equal(failure(await clientOf(t, onPort(server.port)).askResource(clusterQuestion())).code, "UNAVAILABLE");
  equal(server.called.length, 4);
  const retry = { initialBackoffMs: 60_000 };
  const call = await timed(() =>
    clientOf(t, { ...onPort(server.port), retry }).askResource(clusterQuestion()),
  );
  match(failure(call.result).message, /: UNAVAILABLE: not yet \(try 2\)$/);
  // The second pause, of a second again, would outlast the deadline.
  ok(call.tookMs >= 1_000 - earlyMs, `${call.tookMs} ms`);
  under(call, 1_500);
});

test("a slow try and a retry share one deadline", async (t) => {
  const server = await ExtensionServer.start(t, (call) => {
    if (call.count === 1) setTimeout(() => call.fail(14, "slow"), 250);
  });
  const client = clientOf(t, onPort(server.port), { deadlineMs: 600 });
  const call = await timed(() => client.askResource(clusterQuestion()));
  match(
    failure(call.result).message,
    /DEADLINE_EXCEEDED: no answer within 600 ms, after 1 failed: UNAVAILABLE: slow/,
  );
  atDeadline(call, 600);
  equal(server.called.length, 2);
});

test("a stuck call delays no other one, of the same server or of another", async (t) => {
  const sound = await ExtensionServer.start(t, unchanged);
  const server = await ExtensionServer.start(t, (call) => {
    if (!Buffer.from(call.request).includes("stuck")) call.answer(new Uint8Array(0));
  });
  const client = clientOf(t, onPort(server.port), { deadlineMs: 1_000 });
  const waiting = client.askResource(clusterQuestion("stuck"));
  for (const other of [client, clientOf(t, onPort(sound.port))]) {
    for (let call = 0; call < 20; call++) {
      const answered = await timed(() => other.askResource(clusterQuestion(`web-${call}`)));
      deepEqual(answered.result, { kind: "unchanged" });
      under(answered, 500);
    }
  }
  equal(failure(await waiting).code, "DEADLINE_EXCEEDED");
});

test("calls on a connection go on when another one of it meets its deadline and takes a new connection", async (t) => {
  const late: { answer?: () => void } = {};
  const server = await ExtensionServer.start(t, (call) => {
    const text = Buffer.from(call.request);
    if (text.includes("late")) late.answer = () => call.answer(answerOf(clusterQuestion("late").resource));
    else if (!text.includes("stuck")) call.answer(new Uint8Array(0));
  });
  const client = clientOf(t, onPort(server.port), { deadlineMs: 600 });
  const stuckCall = client.askResource(clusterQuestion("stuck"));
  await waited(300);
  const lateCall = client.askResource(clusterQuestion("late"));
  equal(failure(await stuckCall).code, "DEADLINE_EXCEEDED");
  deepEqual(await client.askResource(clusterQuestion("web")), { kind: "unchanged" });
  late.answer?.();
  deepEqual(await lateCall, { kind: "unchanged" });
});

test("a server that comes back is answered by the next call: after a refusal, a broken connection, and silence", async (t) => {
  const first = await ExtensionServer.start(t, unchanged);
  const { port } = first;
  const client = clientOf(t, onPort(port), { deadlineMs: 1_000 });
  const address = `127.0.0.1:${port}`;
  deepEqual(await client.askResource(clusterQuestion()), { kind: "unchanged" });
  first.stop();
  equal(failure(await client.askResource(clusterQuestion())).code, "UNAVAILABLE");
  const second = await ExtensionServer.start(t, stuck, { address });
  equal(failure(await client.askResource(clusterQuestion())).code, "DEADLINE_EXCEEDED");
  second.behaviour = unchanged;
  deepEqual(await client.askResource(clusterQuestion()), { kind: "unchanged" });
  second.stop();
  const third = await ExtensionServer.start(t, unchanged, { address });
  deepEqual(await client.askResource(clusterQuestion()), { kind: "unchanged" });
  equal(third.called.length, 1);
});

test("a connection that went silent costs one deadline; the next call takes a new one", async (t) => {
  const server = await ExtensionServer.start(t, unchanged);
  const sockets: Socket[] = [];
  const silent = new Set<Socket>();
  const proxy = createServer((socket) => {
    const inner = connect({ host: "127.0.0.1", port: server.port });
    sockets.push(socket);
    socket.on("data", (bytes) => !silent.has(socket) && inner.write(bytes));
    inner.on("data", (bytes) => !silent.has(socket) && socket.write(bytes));
    for (const end of [socket, inner]) end.on("error", () => undefined);
    socket.on("close", () => inner.destroy());
  });
  const client = clientOf(t, onPort(await listening(t, proxy)), { deadlineMs: 300 });
  deepEqual(await client.askResource(clusterQuestion()), { kind: "unchanged" });
  for (const socket of sockets) silent.add(socket);
  const early = timed(() => client.askResource(clusterQuestion("early")));
  await waited(150);
  const late = timed(() => client.askResource(clusterQuestion("late")));
  const call = await early;
  equal(failure(call.result).code, "DEADLINE_EXCEEDED");
  atDeadline(call, 300);
  // The silent connection still has the late call.
  deepEqual(await client.askResource(clusterQuestion()), { kind: "unchanged" });
  equal(failure((await late).result).code, "DEADLINE_EXCEEDED");
  deepEqual(await client.askResource(clusterQuestion()), { kind: "unchanged" });
  equal(sockets.length, 2);
});

test("close ends what is under way at once, and lets go of the connection", async (t) => {
  const server = await ExtensionServer.start(t, stuck);
  const client = clientOf(t, onPort(server.port), { deadlineMs: 30_000 });
  const calls = [client.askResource(clusterQuestion("a")), client.askResource(clusterQuestion("b"))];
  const closing = await timed(async () => {
    while (server.called.length < 2) await new Promise(setImmediate);
    await client.close();
  });
  under(closing, 1_000);
  for (const call of calls) equal(failure(await call).code, "CLOSED");
  equal(failure(await client.askResource(clusterQuestion())).code, "CLOSED");
});
