import { deepEqual, equal, notEqual, ok } from "node:assert/strict";
import { test } from "node:test";
import { revision, sha256Hex, utf8 } from "@routeledger/std";
import fc from "fast-check";
import { applyPublication } from "./apply-publication.ts";
import { decodePublishedCheckpoints, encodePublishedCheckpoints } from "./checkpoint-codec.ts";
import { diffParts } from "./diff-parts.ts";
import { decodePublication, encodePublication } from "./publication-codec.ts";
import { emptyPublished, emptySnapshot, type Publication, type Published } from "./published.ts";
import { type ResourceType, resourceTypes } from "./resource-type.ts";
import type { Part, Snapshot } from "./snapshot.ts";
import { partOf, snapshotOf } from "./testing.ts";

const nodeGroup = "default/gateway";

function part(type: ResourceType, resource: string, virtualHost: string, content: number): Part {
  const name = virtualHost === "" ? resource : virtualHost;
  const bytes = new Uint8Array([0x0a, name.length, ...utf8(name), 0x7a, 1, content]);
  return { type, resource, virtualHost, bytes, digest: sha256Hex(bytes), owners: [] };
}

/** What a translation may give: some resources of some types, route tables with some hosts. */
const partSets = fc
  .dictionary(
    fc.constantFrom("a", "b", "c", "d"),
    fc.record({
      type: fc.constantFrom(...resourceTypes),
      content: fc.nat(2),
      hosts: fc.dictionary(fc.constantFrom("x", "y", "z"), fc.nat(2)),
    }),
  )
  .map((resources) =>
    Object.entries(resources).flatMap(([name, { type, content, hosts }]) => {
      const virtualHosts = type === "route" ? Object.entries(hosts) : [];
      return [
        part(type, name, "", content),
        ...virtualHosts.map(([host, inside]) => part(type, name, host, inside)),
      ];
    }),
  );

function publicationOf(published: Published, parts: readonly Part[], sequence: number): Publication {
  const delta = diffParts(published.snapshots.get(nodeGroup) ?? emptySnapshot(nodeGroup), parts);
  const timeMs = sequence * 25_000;
  const groups = delta === undefined ? [] : [delta];
  const statuses = [
    {
      group: "g",
      kind: "K",
      namespace: "n",
      name: `o${sequence % 3}`,
      json: sequence % 5 ? `{"s":${sequence}}` : "",
    },
  ];
  return {
    configEpoch: 1,
    from: sequence,
    to: sequence,
    timeMs,
    configHash: new Uint8Array(32),
    translatorVersion: 1,
    deltas: [{ sequence, timeMs, retireGraceMs: 60_000, groups, statuses }],
  };
}

function digests(snapshot: Snapshot | undefined): string[] {
  return resourceTypes.map((type) => snapshot?.types[type].digest ?? "");
}

test("the fold of the differences is what was translated last, whatever came before", () => {
  fc.assert(
    fc.property(fc.array(partSets, { minLength: 1, maxLength: 12 }), (history) => {
      let published = emptyPublished;
      for (const [index, parts] of history.entries()) {
        const encoded = encodePublication(publicationOf(published, parts, index + 1));
        published = applyPublication(published, decodePublication(encoded));
        const fresh = snapshotOf(parts, 1, emptySnapshot(nodeGroup));
        const folded = published.snapshots.get(nodeGroup);
        if (folded !== undefined) deepEqual(digests(folded), digests(fresh));
        equal(folded === undefined ? undefined : diffParts(folded, parts), undefined);
      }
    }),
  );
});

test("P2: a fold that goes on from a checkpoint gives the same checkpoints", () => {
  fc.assert(
    fc.property(fc.array(partSets, { minLength: 2, maxLength: 12 }), fc.nat(11), (history, cut) => {
      let straight = emptyPublished;
      let restarted = emptyPublished;
      for (const [index, parts] of history.entries()) {
        const publication = publicationOf(straight, parts, index + 1);
        straight = applyPublication(straight, publication);
        restarted = applyPublication(restarted, publication);
        if (index === cut % history.length)
          restarted = decodePublishedCheckpoints(encodePublishedCheckpoints(restarted));
      }
      deepEqual(encodePublishedCheckpoints(restarted), encodePublishedCheckpoints(straight));
    }),
  );
});

test("rule 9: a version does not move when the bytes do not", () => {
  const first = snapshotOf([partOf("cluster", "a"), partOf("cluster", "b")], 1);
  const changed = snapshotOf(
    [partOf("cluster", "a"), partOf("cluster", "b", { altStatName: "x" })],
    2,
    first,
  );
  equal(changed.types.cluster.resources.get("a")?.version, first.types.cluster.resources.get("a")?.version);
  notEqual(changed.types.cluster.version, first.types.cluster.version);
  equal(changed.types.listener, first.types.listener);
  equal(
    diffParts(changed, [partOf("cluster", "b", { altStatName: "x" }), partOf("cluster", "a")]),
    undefined,
  );
});

test("new owners of the same bytes are said, and move no version", () => {
  const owner = { group: "", kind: "Service", namespace: "n", name: "s", revision: revision(1, 1) };
  const before = snapshotOf([partOf("cluster", "a")], 1);
  const delta = diffParts(before, [{ ...partOf("cluster", "a"), owners: [owner] }]);
  equal(delta?.changed[0]?.bytes, undefined);
  const after = snapshotOf([{ ...partOf("cluster", "a"), owners: [owner] }], 2, before);
  deepEqual(after.types.cluster.resources.get("a")?.parts[0]?.owners, [owner]);
  equal(after.types.cluster.version, before.types.cluster.version);
});

test("a cluster that leaves retires, one that comes back within the grace does not, a listener is gone at once", () => {
  const both = snapshotOf([partOf("cluster", "a"), partOf("listener", "l")], 1);
  const left = snapshotOf([], 2, both);
  deepEqual([...left.retiring.cluster.keys()], ["a"]);
  equal(left.retiring.listener.size, 0);
  equal(left.types.cluster.resources.size, 0);
  const back = snapshotOf([partOf("cluster", "a")], 3, left);
  equal(back.retiring.cluster.size, 0);
  ok(back.types.cluster.resources.has("a"));
});

test("what retires longer than the grace is dropped", () => {
  const left = snapshotOf([], 2, snapshotOf([partOf("cluster", "a")], 1));
  const later = snapshotOf(
    [partOf("cluster", "b")],
    3,
    left,
    left.retiring.cluster.get("a")!.retiredAtMs + 60_001,
  );
  equal(later.retiring.cluster.size, 0);
});
