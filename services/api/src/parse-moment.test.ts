import assert from "node:assert/strict";
import { test } from "node:test";
import { parseMoment, parseRange } from "./parse-moment.ts";

test("moments are sequences, revisions, the head, events back, and times", () => {
  assert.deepEqual(parseMoment("@412"), { type: "sequence", sequence: 412 });
  assert.deepEqual(parseMoment("1.412"), { type: "sequence", epoch: 1, sequence: 412 });
  assert.deepEqual(parseMoment("@head"), { type: "head" });
  assert.deepEqual(parseMoment("@-2"), { type: "back", events: 2 });
  const timeMs = Date.UTC(2026, 10, 21, 10);
  for (const text of ["@2026-11-21T10:00:00Z", "2026-11-21T12:00+02:00", "@2026-11-21T10:00:00.000Z"]) {
    assert.deepEqual(parseMoment(text), { type: "time", timeMs });
  }
});

test("all else is refused, and the hint says what a moment is", () => {
  for (const text of [
    "",
    "@",
    "@1.2.3",
    "@+1",
    "yesterday",
    "@-",
    "@2026-13-21T10:00:00Z",
    "@9".padEnd(20, "9"),
  ]) {
    assert.throws(() => parseMoment(text), { code: "badMoment", hint: /@412/ }, text);
  }
});

test("a range is A..B, either of which may be left out", () => {
  assert.deepEqual(parseRange("@1..@-1"), {
    after: { type: "sequence", sequence: 1 },
    to: { type: "back", events: 1 },
  });
  assert.deepEqual(parseRange("@3.."), { after: { type: "sequence", sequence: 3 }, to: { type: "head" } });
  assert.deepEqual(parseRange("..@3"), { after: undefined, to: { type: "sequence", sequence: 3 } });
  assert.deepEqual(parseRange("@3"), { after: undefined, to: { type: "sequence", sequence: 3 } });
  assert.throws(() => parseRange("1..2..3"), { code: "badMoment" });
});
