import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { codec } from "@routeledger/protos";
import { concatBytes, utf8 } from "@routeledger/std";
import fc from "fast-check";
import { decodeEnvelope, type Envelope, encodeEnvelope } from "./envelope.ts";
import { envelopeBody, garbageBodies } from "./testing.ts";

const general = codec("routeledger.log.v1.Envelope");

const text = fc.oneof(fc.string({ unit: "grapheme", maxLength: 20 }), fc.constant("\uFEFFmarked"));
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const envelopes: fc.Arbitrary<Envelope> = fc
  .record(
    {
      epoch: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
      commitId: bytes(16),
      chunk: fc.nat(127),
      chunks: fc.constant(128),
      kind: fc.stringMatching(/^[A-Za-z][A-Za-z0-9]{0,63}$/),
      schemaVersion: fc.integer({ min: 1, max: 0xffff_ffff }),
      term: fc.maxSafeNat(),
      actor: text,
      source: text,
      summary: text,
      timeMs: fc.maxSafeNat(),
      traceContext: text,
      previousHash: fc.oneof(bytes(0), bytes(32)),
      payload: fc.uint8Array({ maxLength: 200 }),
    },
    { noNullPrototype: true },
  )
  .filter(({ chunk, chunks }) => chunk < chunks);

test("rule E1: an envelope's bytes are those of the general codec, and come back as they went in", () => {
  fc.assert(
    fc.property(envelopes, (envelope) => {
      const encoded = encodeEnvelope(envelope);
      const { timeMs, ...rest } = envelope;
      deepEqual(encoded, general.encode({ ...rest, timeUnixMs: timeMs }));
      const decoded = decodeEnvelope(encoded);
      ok(decoded.ok);
      deepEqual(decoded.envelope, envelope);
    }),
  );
});

test("rule E2: exactly the canonical encoding is an envelope: what is read encodes to the same bytes", () => {
  const damaged = fc
    .tuple(envelopes, fc.nat(), fc.integer({ min: 0, max: 255 }))
    .map(([envelope, place, byte]) => {
      const body = encodeEnvelope(envelope).slice();
      body[place % Math.min(body.length, 60)] = byte;
      return body;
    });
  fc.assert(
    fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 80 })), (body) => {
      const decoded = decodeEnvelope(body);
      if (decoded.ok) deepEqual(new Uint8Array(encodeEnvelope(decoded.envelope)), body);
    }),
    { numRuns: 2_000 },
  );
});

test("rule E3: what breaks a bound is no envelope, and the reason names it", () => {
  const reasons = garbageBodies().map((body) => {
    const decoded = decodeEnvelope(body);
    return decoded.ok ? "an envelope" : decoded.reason;
  });
  deepEqual(reasons, [
    "it has no epoch",
    "field 13 has wire type 6",
    "field 14 is cut off",
    "field 15 is unknown",
    "field 1 follows field 14",
    "it has no epoch",
    "its commit id has 15 bytes, not 16",
    "it is chunk 1 of 1",
    "it says 129 chunks",
    "its kind is not a name",
    "it has no schema version",
    "its previous hash has 31 bytes",
  ]);
});

test("rule E4: longer forms that a lenient reader would accept are no envelope", () => {
  const good = envelopeBody();
  equal(good[0], 0x08);
  equal(good[1], 0x01);
  const rest = good.subarray(2);
  const reasonOf = (start: number[]) => {
    const decoded = decodeEnvelope(concatBytes([new Uint8Array(start), rest]));
    return decoded.ok ? "an envelope" : decoded.reason;
  };
  equal(reasonOf([0x08, 0x01]), "an envelope");
  equal(reasonOf([0x08, 0x81, 0x00]), "a number is not in its shortest form");
  equal(reasonOf([0x88, 0x00, 0x01]), "a number is not in its shortest form");
  equal(reasonOf([0x08, 0x00]), "field 1 is written though it is empty");
  equal(reasonOf([0x08, 0x01, 0x08, 0x01]), "field 1 follows field 1");
  equal(reasonOf([0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10]), "a number is above 2^53-1");
  equal(reasonOf([0x0d, 0x01, 0, 0, 0]), "field 1 has wire type 5");
});

test("rule E5: text that is no UTF-8 makes it no envelope", () => {
  const body = envelopeBody({ actor: "xyz" }).slice();
  const at = Buffer.from(body).indexOf(utf8("xyz"));
  body[at] = 0xff;
  deepEqual(decodeEnvelope(body), { ok: false, reason: "field 8 is not UTF-8" });
});
