import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { snapshotOf } from "@routeledger/xds-model/testing";
import { openStream, type TypedName } from "@routeledger/xds-stream";
import { cluster, endpoint } from "@routeledger/xds-stream/testing";
import { NodeStreams } from "./node-streams.ts";
import type { StreamSession } from "./stream-session.ts";

const before = snapshotOf([cluster("a"), endpoint("a"), cluster("b"), endpoint("b")], 1);
const after = snapshotOf([cluster("a", 2), endpoint("a"), cluster("b"), endpoint("b")], 2, before);

/** A stream that does nothing but remember what it was told to owe, as `name@delay`. */
function session(
  id: string,
  takes: readonly ("cluster" | "endpoint")[],
  {
    nodeGroup = "default/web",
    resourceType,
  }: { nodeGroup?: string; resourceType?: "cluster" | "endpoint" } = {},
) {
  const state = openStream({ protocol: "delta", streamId: id, ...(resourceType && { resourceType }) });
  for (const type of takes) {
    state.types[type].interest = "named";
    state.types[type].names.add("a");
  }
  const told: string[] = [];
  const owe = (names: readonly TypedName[], delayMs = 0) =>
    void told.push(...names.map(({ name }) => `${name}@${delayMs}`));
  const made = { state, node: { id: "n" }, nodeGroup, owe } as unknown as StreamSession;
  return { made, told };
}

test("rule 41: what one stream of a client owes and does not carry, its others are told, and nobody else", () => {
  const nodes = new NodeStreams();
  const apart = session("s1", ["cluster"], { resourceType: "cluster" });
  const rest = session("s2", ["endpoint"]);
  const foreign = session("s3", ["endpoint"], { nodeGroup: "default/other" });
  const alone = session("s4", ["endpoint"], { resourceType: "endpoint" });
  for (const { made } of [apart, rest, foreign, alone]) nodes.add(made);
  nodes.owe(apart.made, [{ type: "endpoint", name: "a" }]);
  deepEqual([apart.told, rest.told, foreign.told, alone.told], [[], ["a@0"], [], []]);
  nodes.delete(rest.made);
  nodes.owe(apart.made, [{ type: "endpoint", name: "a" }]);
  deepEqual(rest.told, ["a@0"]);
});

test("rule 41: where a client's clusters come from another edge, endpoints of those that changed are sent again, later", () => {
  const nodes = new NodeStreams();
  const rest = session("s1", ["endpoint"]);
  nodes.add(rest.made);
  nodes.offered(rest.made, before, after);
  deepEqual(rest.told, ["a@250", "a@1000", "a@4000"]);
  nodes.offered(rest.made, after, after);
  nodes.add(session("s2", ["cluster"], { resourceType: "cluster" }).made);
  nodes.offered(rest.made, before, after);
  const whole = session("s3", ["cluster", "endpoint"]);
  nodes.offered(whole.made, before, after);
  deepEqual([rest.told.length, whole.told], [3, []]);
});
