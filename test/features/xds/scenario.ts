/**
 * The language of the protocol table. A scenario is a list of steps, written once and played on each variant that its
 * rule concerns; what differs between variants stands where it differs, in `sotw(...)`, `delta(...)`, `ads(...)`,
 * `perType(...)`. A failure prints the scenario, the variant, the steps up to the one that failed, and all that was
 * said until then.
 */
import { equal, ok } from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { sha256Hex } from "@routeledger/std";
import type { XdsEdge, XdsEdgeOptions } from "@routeledger/xds-edge";
import type { Part } from "@routeledger/xds-model";
import { partOf } from "@routeledger/xds-model/testing";
import { defaultGroup, EdgeWorld, type WorldOptions } from "./edge-world.ts";
import type { Received } from "./received.ts";
import { fences } from "./sample-parts.ts";
import { type Node, TableClient } from "./table-client.ts";
import { type Choice, chosen, type Variant, variants } from "./variant.ts";

export interface Scenario {
  /** Absent: all four. */
  readonly on?: (variant: Variant) => boolean;
  /** Why not on the other variants; to be said where `on` is. */
  readonly because?: string;
  /** What the node group has at first; absent: nothing. */
  readonly serves?: readonly (Part | readonly Part[])[];
  readonly world?: WorldOptions;
  readonly edge?: Partial<XdsEdgeOptions>;
  readonly node?: Partial<Node>;
  readonly steps: readonly Choice<Step>[];
}

/** Made by the functions of scenario-steps.ts. */
export interface Step {
  /** As it stands in a failure. */
  readonly text: string;
  readonly play: (player: Player) => Promise<void> | void;
}

interface RecordedScenario {
  readonly title: string;
  readonly variants: readonly Variant[];
}

let recorded: RecordedScenario[] | undefined;

/** From now on scenarios are noted here, and no test is made of them. The same list each time. */
export function recordScenarios(): readonly RecordedScenario[] {
  recorded ??= [];
  return recorded;
}

/** Registers one test for each variant that the scenario concerns. `title` begins with `rule <number>`. */
export function scenario(title: string, scenario: Scenario): void {
  const played = variants.filter((variant) => scenario.on?.(variant) ?? true);
  ok(played.length > 0, `a variant on which this is played: ${title}`);
  if (recorded !== undefined) {
    recorded.push({ title, variants: played });
    return;
  }
  for (const variant of played) {
    test(`${title} (${variant.name})`, async (t) => {
      const player = await Player.begin(t, scenario, variant);
      await player.play(title, scenario.steps);
    });
  }
}

/** Characters of a line of what was said, in an error. */
const lineMax = 500;

/** A scenario while it is played. */
export class Player {
  readonly world: EdgeWorld;
  readonly variant: Variant;
  edge: XdsEdge;
  /** Who the steps of the moment speak for. */
  client: TableClient;
  readonly #node: Partial<Node>;
  readonly #edgeOptions: Partial<XdsEdgeOptions>;
  readonly #clients = new Map<string, TableClient>();
  readonly #wire: string[] = [];
  /** Of all that was published so far. */
  readonly #digests = new Set<string>();

  private constructor(
    world: EdgeWorld,
    edge: XdsEdge,
    { node, edge: edgeOptions }: Scenario,
    variant: Variant,
  ) {
    this.world = world;
    this.edge = edge;
    this.variant = variant;
    this.#node = node ?? {};
    this.#edgeOptions = edgeOptions ?? {};
    this.client = this.clientNamed("envoy-1");
  }

  static async begin(test: TestContext, scenario: Scenario, variant: Variant): Promise<Player> {
    const world = new EdgeWorld(test, scenario.world);
    const parts = (scenario.serves ?? []).flat();
    await world.publisher.publish(defaultGroup, [...parts, ...fences]);
    const player = new Player(world, await world.startEdge(scenario.edge), scenario, variant);
    player.learn([...parts, ...fences]);
    return player;
  }

  async play(title: string, steps: readonly Choice<Step>[]): Promise<void> {
    const played: string[] = [];
    try {
      for (const step of chosen(steps, this.variant)) {
        played.push(step.text);
        this.#wire.push(`-- ${step.text}`);
        await step.play(this);
      }
    } catch (cause) {
      const said = cause instanceof Error ? cause.message : String(cause);
      const lines = [
        title,
        `on ${this.variant.name}, step ${played.length}: ${played.at(-1)}`,
        said,
        "",
        ...this.#wire.map((line) => (line.length > lineMax ? `${line.slice(0, lineMax)} ...` : line)),
      ];
      throw new Error(lines.join("\n"), { cause });
    }
  }

  /** A proxy of the scenario's node group; the first word of its name is its node id. */
  clientNamed(name: string): TableClient {
    const known = this.#clients.get(name);
    if (known !== undefined) return known;
    const client = new TableClient({
      name,
      variant: this.variant,
      node: { id: name.split(" ")[0], cluster: defaultGroup, ...this.#node },
      connect: () => this.world.client(this.edge.address),
      note: (line) => this.#wire.push(`   ${line}`),
    });
    this.#clients.set(name, client);
    return client;
  }

  /** Makes the node group exactly these parts. */
  async publish(parts: readonly Part[]): Promise<void> {
    await this.settle();
    this.learn(parts);
    await this.world.publish(this.edge, parts);
  }

  /** What the clients said so far has reached the edge. */
  async settle(): Promise<void> {
    for (const client of this.#clients.values()) await client.settle();
  }

  /** What the edge had to write just now is on the wire. */
  async turn(): Promise<void> {
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Content that may be served from now on. */
  learn(parts: readonly Part[]): void {
    for (const { digest } of parts) this.#digests.add(digest);
  }

  /** Another edge that follows the same log, for the connections that come now. */
  async anotherEdge({
    stopFormer = false,
    ...options
  }: { stopFormer?: boolean } & Partial<XdsEdgeOptions> = {}) {
    if (stopFormer) await this.edge.stop();
    this.edge = await this.world.startEdge({ ...this.#edgeOptions, ...options });
  }

  /** Writes a line among what was said. */
  note(line: string): void {
    this.#wire.push(`   ${line}`);
  }

  /**
   * Takes the responses that are expected, in their order where they come on one stream. Sends nothing while one may
   * come, but for ACKs where `isAcked`.
   */
  async responses(expected: readonly Choice<Expected>[], isAcked: boolean): Promise<Received[]> {
    const wanted = chosen(expected, this.variant).map(toResponse);
    const taken: Received[] = [];
    while (taken.length < wanted.length) {
      const received = await this.client.next();
      if (received === undefined) break;
      taken.push(received);
      this.#check(received);
      if (isAcked) this.client.ack(received);
      if (this.variant.services === "ads" && received.summary !== wanted[taken.length - 1]?.summary) break;
    }
    this.#compare(taken, wanted);
    return taken;
  }

  /**
   * Answers all that comes until nothing does: a response with any of the bad bytes is rejected as a whole, the others
   * are ACKed. Gives how many came.
   */
  async answerAll(bad: readonly Part[], error: string): Promise<number> {
    let count = 0;
    for (let turn = await this.all(); turn.length > 0; turn = await this.all()) {
      count += turn.length;
      ok(count <= 1_000, "an end of the responses");
      for (const received of turn) {
        const isBad = received.resources.some(({ name, value }) =>
          bad.some(({ resource, digest }) => resource === name && digest === sha256Hex(value)),
        );
        if (isBad) this.client.nack(received, { error });
        else this.client.ack(received);
      }
    }
    return count;
  }

  /** Nothing else comes. */
  async silence(): Promise<void> {
    const beyond = await this.client.untilFence();
    equal(beyond.map(({ summary }) => summary).join("; "), "", "nothing further is said");
  }

  /** All that comes up to a fence. */
  async all(): Promise<Received[]> {
    const all = await this.client.untilFence();
    for (const received of all) this.#check(received);
    return all;
  }

  /**
   * What is sent was published, byte for byte (rule 70), but for tables that answer 404 (rule 36) and assignments
   * without endpoints (rule 42).
   */
  #check({ type, resources }: Received): void {
    for (const { name, value } of resources) {
      const digest = sha256Hex(value);
      const isMade = (type === "route" || type === "endpoint") && digest === partOf(type, name).digest;
      ok(this.#digests.has(digest) || isMade, `${type} ${name} in bytes that were published`);
    }
  }

  #compare(taken: readonly Received[], wanted: readonly ExpectedResponse[]): void {
    const inOrder =
      this.variant.services === "ads" ? (list: string[]) => list : (list: string[]) => list.sort(byType);
    equal(
      inOrder(taken.map(({ summary }) => summary)).join("; "),
      inOrder(wanted.map(({ summary }) => summary)).join("; "),
      "the responses, in order",
    );
    for (const { summary, parts } of wanted) {
      const candidates = taken.filter((received) => received.summary === summary);
      const isThere = candidates.some(({ resources }) =>
        parts.every(({ resource, digest }) =>
          resources.some(({ name, value }) => name === resource && sha256Hex(value) === digest),
        ),
      );
      ok(isThere, `${summary} with the bytes that the scenario shows`);
    }
  }
}

/** A response: `endpoint a b -gone` (type, names, removed names), or the resources of which it is made, with their bytes. */
export type Expected = string | Part | readonly Part[];

interface ExpectedResponse {
  readonly summary: string;
  readonly parts: readonly Part[];
}

function toResponse(expected: Expected): ExpectedResponse {
  if (typeof expected === "string") return { summary: expected, parts: [] };
  const parts = "resource" in expected ? [expected] : expected;
  return { summary: [parts[0]?.type, ...parts.map(({ resource }) => resource)].join(" "), parts };
}

/** Stable: of one type the order stays. */
function byType(left: string, right: string): number {
  const [one = "", two = ""] = [left.split(" ")[0], right.split(" ")[0]];
  return one < two ? -1 : Number(one > two);
}
