/** The steps of a scenario: what the operator, the client and the clock do, and what must come of it. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import type { XdsEdgeOptions } from "@routeledger/xds-edge";
import type { Part, ResourceType } from "@routeledger/xds-model";
import type { Expected, Player, Step } from "./scenario.ts";
import type { RequestFields } from "./table-client.ts";
import { type Choice, chosen } from "./variant.ts";

/** The node group has exactly this from now on. */
export function publish(...parts: (Part | readonly Part[])[]): Step {
  const flat = parts.flat();
  const names = flat.map(({ type, resource }) => `${type} ${resource}`).join(", ");
  return { text: `publish ${names || "nothing"}`, play: (player) => player.publish(flat) };
}

/** Adds names; without names, on the first request of a type, the legacy wildcard. */
export function subscribe(type: ResourceType | string, ...names: string[]): Step {
  return {
    text: ["subscribe", type, ...names].join(" "),
    play: ({ client }) => client.request(type, { subscribe: names }),
  };
}

export function unsubscribe(type: ResourceType, ...names: string[]): Step {
  return {
    text: ["unsubscribe", type, ...names].join(" "),
    play: ({ client }) => client.request(type, { unsubscribe: names }),
  };
}

/** Any request. */
export function request(type: ResourceType | string, fields: RequestFields = {}): Step {
  return {
    text: `request ${type} ${JSON.stringify(fields)}`,
    play: ({ client }) => client.request(type, fields),
  };
}

/** Exactly these responses come, each is ACKed as it comes, and then nothing. */
export function take(...expected: Choice<Expected>[]): Step {
  return {
    text: `take ${textOf(expected)}`,
    play: async (player) => {
      await player.responses(expected, true);
      await player.silence();
    },
  };
}

/** Exactly these responses come, and then nothing; none is answered. */
export function expect(...expected: Choice<Expected>[]): Step {
  return {
    text: `expect ${textOf(expected)}, no answer`,
    play: async (player) => {
      await player.responses(expected, false);
      await player.silence();
    },
  };
}

/** These responses come while the client says nothing at all; others may follow. */
export function pushed(...expected: Choice<Expected>[]): Step {
  return {
    text: `pushed: ${textOf(expected)}`,
    play: async (player) => {
      await player.responses(expected, false);
    },
  };
}

/** Nothing comes. */
export function silence(): Step {
  return { text: "silence", play: (player) => player.silence() };
}

/**
 * Answers what comes until nothing does: rejects each response with any of the bad bytes, ACKs the others. At most
 * that many come; unless `orNone`, at least one.
 */
export function answerAll({
  bad = [],
  error = "rejected by a scenario",
  atMost,
  orNone = false,
}: {
  bad?: readonly Part[];
  error?: string;
  atMost: number;
  orNone?: boolean;
}): Step {
  return act(`answer all, at most ${atMost} responses`, async (player) => {
    const count = await player.answerAll(bad, error);
    ok((count >= 1 || orNone) && count <= atMost, `1 to ${atMost} responses, got ${count}`);
  });
}

/** The client has ACKed these last, byte for byte; of a type that is named here, nothing else. */
export function holds(...parts: Part[]): Step {
  return act(`holds ${textOf([parts])}`, ({ client }) => {
    for (const type of new Set(parts.map((part) => part.type))) {
      const wanted = parts.filter((part) => part.type === type).map((part) => [part.resource, part.digest]);
      const held = [...client.memory(type).held].map(([name, { digest }]) => [name, digest]);
      deepEqual(held.sort(), wanted.sort(), `what is held of type ${type}`);
    }
  });
}

/** Which response is answered, and what the answer says beside that. */
export type AnswerFields = RequestFields & {
  /** The first of the type is 1; absent: the newest. */
  readonly to?: number;
};

export function ack(type: ResourceType, { to, ...fields }: AnswerFields = {}): Step {
  return {
    text: `ack ${type}${to === undefined ? "" : ` response ${to}`} ${JSON.stringify(fields)}`,
    play: ({ client }) => client.ack(client.response(type, to), fields),
  };
}

export function nack(type: ResourceType, { to, ...fields }: AnswerFields = {}): Step {
  return {
    text: `nack ${type}${to === undefined ? "" : ` response ${to}`} ${JSON.stringify(fields)}`,
    play: ({ client }) => client.nack(client.response(type, to), fields),
  };
}

/** What an Envoy does when a cluster that it knows begins to warm; see `TableClient.rewarm`. */
export function rewarm(type: ResourceType): Step {
  return { text: `rewarm ${type}`, play: ({ client }) => client.rewarm(type) };
}

/** Time that passes at once, milliseconds: less than an edge waits for a client to take a response. */
const sliceMs = 10_000;

/** Time passes, in slices between which the edge writes what it has to. */
export function advance(byMs: number): Step {
  return {
    text: `${byMs} ms pass`,
    play: async (player) => {
      await player.settle();
      for (let leftMs = byMs; leftMs > 0; leftMs -= sliceMs) {
        player.world.clock.advance(Math.min(leftMs, sliceMs));
        await player.turn();
      }
    },
  };
}

/** Loses the streams; says nothing yet on new ones. */
export function cut(): Step {
  return { text: "cut", play: ({ client }) => void client.cut() };
}

/** The first request of a type on a new stream, with what the client holds unless the fields say otherwise. */
export function first(type: ResourceType, fields: RequestFields = {}): Step {
  return {
    text: `first ${type} ${JSON.stringify(fields)}`,
    play: ({ client }) => client.first(type, fields),
  };
}

/** Loses the streams and asks for all types again, with what the client holds. */
export function reconnect(): Step {
  return {
    text: "reconnect",
    play: ({ client }) => {
      for (const type of client.cut()) client.first(type);
    },
  };
}

/** Another edge on the same log serves whoever connects from now on. */
export function anotherEdge(options: { stopFormer?: boolean } & Partial<XdsEdgeOptions> = {}): Step {
  return { text: "another edge", play: (player) => player.anotherEdge(options) };
}

export function pause(): Step {
  return { text: "pause", play: ({ client }) => client.pause() };
}

export function resume(): Step {
  return { text: "resume", play: ({ client }) => client.resume() };
}

/** Steps of another client. */
export function as(name: string, ...steps: Choice<Step>[]): Step {
  return {
    text: `as ${name}: ${steps.map((step) => ("text" in step ? step.text : "(by variant)")).join("; ")}`,
    play: async (player) => {
      const before = player.client;
      player.client = player.clientNamed(name);
      for (const step of chosen(steps, player.variant)) {
        player.note(`-- as ${name}: ${step.text}`);
        await step.play(player);
      }
      player.client = before;
    },
  };
}

/** The stream of the type ends so. */
export function ends(type: ResourceType | string, code: keyof typeof status, details = /./): Step {
  return {
    text: `the stream ends with ${code}`,
    play: async ({ client }) => {
      const ended = await client.ended(type);
      equal(status[ended.code], code, ended.details);
      match(ended.details, details);
    },
  };
}

/** Steps, some times over. */
export function times(count: number, ...steps: Choice<Step>[]): Step {
  return {
    text: `${count} times: ${steps.map((step) => ("text" in step ? step.text : "(by variant)")).join("; ")}`,
    play: async (player) => {
      for (let turn = 0; turn < count; turn++)
        for (const step of chosen(steps, player.variant)) await step.play(player);
    },
  };
}

/** Anything else that must hold or be done, in its own words. */
export function act(text: string, play: (player: Player) => Promise<void> | void): Step {
  return { text, play };
}

/** The version of the newest response of a type compares so with one before. */
export function versionsEqual(
  type: ResourceType,
  ordinals: readonly [number, number],
  isEqual: boolean,
): Step {
  return act(
    `responses ${ordinals.join(" and ")} of ${type} have ${isEqual ? "one version" : "two versions"}`,
    (player) => {
      const [one, two] = ordinals.map((ordinal) => player.client.response(type, ordinal).version);
      deepEqual(one === two, isEqual, `versions ${one} and ${two}`);
    },
  );
}

function textOf(expected: readonly Choice<Expected>[]): string {
  const texts = expected.map((response) => {
    if (typeof response === "string") return response;
    if ("items" in response) return `(${textOf(response.items as readonly Choice<Expected>[])} by variant)`;
    const parts = "resource" in response ? [response] : response;
    return [parts[0]?.type, ...parts.map(({ resource }) => resource)].join(" ");
  });
  return texts.length === 0 ? "nothing" : texts.join(", ");
}
