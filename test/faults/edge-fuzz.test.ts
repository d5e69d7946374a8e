/**
 * Requests that nobody should send, on the wire of a real edge: what is no protobuf, no gRPC, or no sense. The stream
 * ends with a clear status, or goes on; the connection, the process and the streams beside it do not notice.
 *
 * FUZZ_RUNS raises the number of spoiled messages, FUZZ_SEED repeats one.
 */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { methodPath } from "@routeledger/protos";
import { until } from "../features/xds/edge-world.ts";
import { type Protocol, protocols } from "../features/xds/raw-client.ts";
import { FuzzWorld } from "./edge-fuzz/fuzz-world.ts";
import { nestedNode, spoiled, spoilerNames } from "./edge-fuzz/malformed.ts";
import { fuzzNode, grpcFrame, isRequest, requestOf, WireCall, wireSession } from "./edge-fuzz/wire-call.ts";
import { seededRandom } from "./seeded-random.ts";

const runs = Number(process.env.FUZZ_RUNS ?? 1) * 8;
const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));
const timeout = 60_000;

/** Statuses with which a stream may end whose request is protobuf and still cannot be taken. */
const refusals = ["INVALID_ARGUMENT", "RESOURCE_EXHAUSTED"];

for (const protocol of protocols) {
  test(`${protocol}: what is no message ends its stream with INTERNAL, what is one never does`, {
    timeout,
  }, async (t) => {
    t.diagnostic(`seed ${seed}`);
    const random = seededRandom(seed);
    const world = await FuzzWorld.start(t);
    const session = wireSession(t, world.edge.address);
    const good = requestOf(protocol, "endpoint", ["good", "other"], { node: fuzzNode, responseNonce: "n" });
    const seen = new Set<string>();
    await world.beside(async () => {
      for (let run = 0; run < runs * spoilerNames.length; run++) {
        const name = spoilerNames[run % spoilerNames.length]!;
        const bytes = spoiled(name, random, good);
        const call = new WireCall(session, protocol);
        await call.begin();
        call.send(bytes);
        const end = await call.fence("fence-2");
        const what = `seed ${seed}, run ${run}, ${name}: ${Buffer.from(bytes.slice(0, 200)).toString("hex")}`;
        if (!isRequest(protocol, bytes)) equal(end?.code, "INTERNAL", what);
        else if (end !== undefined) ok(refusals.includes(end.code), `${end.code} ${end.message}, ${what}`);
        seen.add(end?.code ?? "answered");
        call.cancel();
      }
    });
    ok(
      seen.has("INTERNAL") && seen.has("answered"),
      `messages that are some and that are none, got ${[...seen]}`,
    );
    equal(session.destroyed, false);
  });

  test(`${protocol}: a first request that is no message ends its stream with INTERNAL`, {
    timeout,
  }, async (t) => {
    const world = await FuzzWorld.start(t);
    const session = wireSession(t, world.edge.address);
    for (const bytes of [
      Uint8Array.of(0x0b),
      Uint8Array.of(0xff, 0xff),
      new Uint8Array(100_000).fill(0xa3),
    ]) {
      const call = new WireCall(session, protocol);
      call.send(bytes);
      equal((await call.ended).code, "INTERNAL");
    }
    await world.assertUnharmed();
  });

  test(`${protocol}: values in values in values are taken up to the depth of a stack, or end their stream`, {
    timeout,
  }, async (t) => {
    const world = await FuzzWorld.start(t);
    const session = wireSession(t, world.edge.address);
    for (const depth of [10, 1_000, 100_000]) {
      const call = new WireCall(session, protocol);
      await call.begin();
      call.send(nestedNode(depth));
      const end = await call.fence("fence-2");
      // Without a type the request is refused, once it is read.
      const codes = depth <= 10 ? ["INVALID_ARGUMENT"] : ["INVALID_ARGUMENT", "INTERNAL"];
      ok(codes.includes(end?.code ?? ""), `depth ${depth}, got ${end?.code}`);
      await world.assertUnharmed();
    }
  });

  test(`${protocol}: frames of gRPC that are wrong end their stream with a status that says so`, {
    timeout,
  }, async (t) => {
    const world = await FuzzWorld.start(t);
    const session = wireSession(t, world.edge.address);
    const good = requestOf(protocol, "extensionConfig", ["fence-3"], { node: fuzzNode });
    const bomb = gzipSync(Buffer.alloc(80_000_000));
    const gzip = { "grpc-encoding": "gzip" };
    const cases: readonly [string, Buffer, Record<string, string>, string][] = [
      ["longer than the limit", grpcFrame(good, { length: 64 * 1024 * 1024 + 1 }), {}, "RESOURCE_EXHAUSTED"],
      ["of 4 GB", grpcFrame(good, { length: 0xffff_ffff }), {}, "RESOURCE_EXHAUSTED"],
      ["compressed, but not", grpcFrame(good, { flag: 1 }), gzip, "INTERNAL"],
      [
        "compressed in an unknown way",
        grpcFrame(good, { flag: 1 }),
        { "grpc-encoding": "br" },
        "UNIMPLEMENTED",
      ],
      ["a bomb", grpcFrame(bomb, { flag: 1 }), gzip, "RESOURCE_EXHAUSTED"],
    ];
    for (const [what, bytes, headers, code] of cases) {
      const call = new WireCall(session, protocol, headers);
      call.write(bytes);
      equal((await call.ended).code, code, what);
      await world.assertUnharmed();
    }
    const zipped = new WireCall(session, protocol, gzip);
    zipped.write(grpcFrame(gzipSync(good), { flag: 1 }));
    await zipped.saw("fence-3");
    zipped.cancel();
  });

  test(`${protocol}: a request in pieces is taken when its last byte is there, and one that ends before is none`, {
    timeout,
  }, async (t) => {
    const world = await FuzzWorld.start(t);
    const session = wireSession(t, world.edge.address);
    const bytes = grpcFrame(requestOf(protocol, "extensionConfig", ["fence-3"], { node: fuzzNode }));
    const whole = new WireCall(session, protocol);
    for (const byte of bytes) whole.write(Uint8Array.of(byte));
    await whole.saw("fence-3");
    equal(await whole.fence("fence-4"), undefined);
    whole.cancel();
    for (const length of [1, 4, 5, bytes.length - 1]) {
      const part = new WireCall(session, protocol);
      part.stream.end(bytes.subarray(0, length));
      const { code } = await part.ended;
      ok(["OK", "INTERNAL", "INVALID_ARGUMENT"].includes(code), `${length} bytes, got ${code}`);
    }
    await world.assertUnharmed();
  });

  test(`${protocol}: names of all kinds are names, and an odd type URL or node is taken or refused`, {
    timeout,
  }, async (t) => {
    const world = await FuzzWorld.start(t);
    const session = wireSession(t, world.edge.address);
    const names = [
      "",
      " ",
      "*",
      "\0",
      "\u{1f4a5}",
      "x".repeat(65_536),
      "..",
      "__proto__",
      "constructor",
      "hasOwnProperty",
    ];
    for (const type of [
      "endpoint",
      "cluster",
      "made.up/Type",
      "__proto__",
      "constructor",
      "x".repeat(65_536),
      "\ufffd",
    ]) {
      const call = new WireCall(session, protocol);
      await call.begin();
      call.send(requestOf(protocol, type, names));
      call.send(requestOf(protocol, type, names, { responseNonce: "nonsense" }));
      call.send(
        requestOf(protocol, type, names, {
          responseNonce: "x".repeat(65_536),
          errorDetail: { code: 3, message: "\0".repeat(65_536) },
        }),
      );
      equal(await call.fence("fence-2"), undefined, `${type.slice(0, 40)} is survived`);
      call.cancel();
    }
    await world.assertUnharmed();
  });

  test(`${protocol}: characters that are none, in whatever field, end their stream at most`, {
    timeout,
  }, async (t) => {
    const world = await FuzzWorld.start(t);
    const session = wireSession(t, world.edge.address);
    for (const [what, bytes] of Object.entries(notCharacters(protocol))) {
      for (const isFirst of [true, false]) {
        const call = new WireCall(session, protocol);
        if (!isFirst) await call.begin();
        call.send(bytes);
        // Nothing is served to a group that does not exist, so there is no answer to wait for.
        if (isFirst && what === "a node's cluster") await until(() => isConnected(world, "fuzz"));
        else {
          const end = await call.fence("fence-2");
          if (end !== undefined) ok([...refusals, "INTERNAL"].includes(end.code), `${what}, got ${end.code}`);
        }
        call.cancel();
        await world.assertUnharmed();
      }
    }
  });

  test(`rule 1, ${protocol}: another type on a stream of one type is told so, whatever its characters`, {
    timeout,
  }, async (t) => {
    const world = await FuzzWorld.start(t);
    const session = wireSession(t, world.edge.address);
    const name = protocol === "sotw" ? "StreamClusters" : "DeltaClusters";
    const path = methodPath("envoy.service.cluster.v3.ClusterDiscoveryService", name);
    const types = ["made.up/Type", "\u{1f4a5}%\n\0", "x".repeat(65_536)].map((type) =>
      requestOf(protocol, type, [], { node: fuzzNode }),
    );
    for (const bytes of [...types, notCharacters(protocol)["a type"]!]) {
      const call = new WireCall(session, protocol, { ":path": path });
      call.send(bytes);
      equal((await call.ended).code, "INVALID_ARGUMENT");
      await world.assertUnharmed();
    }
  });

  test(`rule 2, ${protocol}: a node with all that a node can say is served, one without an id is told so`, {
    timeout,
  }, async (t) => {
    const world = await FuzzWorld.start(t);
    const session = wireSession(t, world.edge.address);
    const call = new WireCall(session, protocol);
    call.send(requestOf(protocol, "extensionConfig", ["fence-3"], { node: fullNode }));
    await call.saw("fence-3");
    equal(await call.fence("fence-4"), undefined);
    call.cancel();
    for (const node of [undefined, {}, { cluster: "a" }, { ...fuzzNode, id: "" }]) {
      const nobody = new WireCall(session, protocol);
      nobody.send(requestOf(protocol, "cluster", [], node === undefined ? {} : { node }));
      const end = await nobody.ended;
      equal(end.code, "INVALID_ARGUMENT");
      match(end.message, /node/);
    }
    const long = new WireCall(session, protocol);
    long.send(requestOf(protocol, "cluster", [], { node: { ...fuzzNode, id: "x".repeat(100_000) } }));
    equal((await long.ended).code, "INVALID_ARGUMENT");
    deepEqual(
      (await world.edge.proxies()).map(({ nodeId }) => nodeId).filter((id) => id.startsWith("x")),
      [],
    );
    await world.assertUnharmed();
  });
}

async function isConnected(world: FuzzWorld, id: string): Promise<boolean> {
  return (await world.edge.proxies()).some(({ nodeId }) => nodeId === id);
}

/** Requests whose strings are not UTF-8, or UTF-8 of half a surrogate pair; encoders do not make such. */
function notCharacters(protocol: Protocol): Readonly<Record<string, Uint8Array>> {
  const bad = [0x61, 0xed, 0xa0, 0x80, 0xff, 0xc0];
  const field = (number: number, bytes: readonly number[]): number[] => [
    (number << 3) | 2,
    bytes.length,
    ...bytes,
  ];
  const url = [...Buffer.from("type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig")];
  const node = (id: readonly number[], group: readonly number[]): number[] => {
    const both = [...field(1, id), ...field(2, group)];
    const number = protocol === "sotw" ? 2 : 1;
    return field(number, both);
  };
  const [typeField, nameField, nonceField] = protocol === "sotw" ? [4, 3, 5] : [2, 3, 6];
  const known = node([...Buffer.from("fuzz")], [...Buffer.from("default/gateway")]);
  const of = (...parts: readonly number[][]): Uint8Array => Uint8Array.from(parts.flat());
  return {
    "a type": of(known, field(typeField!, bad), field(nameField!, bad)),
    "a name": of(known, field(typeField!, url), field(nameField!, bad)),
    "a nonce": of(known, field(typeField!, url), field(nonceField!, bad)),
    "a node's id": of(node(bad, [...Buffer.from("default/gateway")]), field(typeField!, url)),
    "a node's cluster": of(node([...Buffer.from("fuzz")], bad), field(typeField!, url)),
  };
}

const fullNode = {
  ...fuzzNode,
  metadata: {
    fields: {
      a: { structValue: { fields: { b: { listValue: { values: [{ numberValue: Number.NaN }] } } } } },
    },
  },
  dynamicParameters: { x: { params: { y: "z" } } },
  locality: { region: "r", zone: "z", subZone: "s" },
  userAgentName: "envoy",
  userAgentBuildVersion: { version: { majorNumber: 4_294_967_295, minorNumber: 0, patch: 1 } },
  extensions: [{ name: "n", category: "c", disabled: true, typeUrls: ["t"] }],
  clientFeatures: Array.from({ length: 1_000 }, (_, index) => `feature-${index}`),
  listeningAddresses: [{ pipe: { path: "/tmp/x", mode: 1 } }],
};
