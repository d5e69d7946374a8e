import {
  type ConfigEvent,
  type ConfigFact,
  completeObject,
  type ExtensionAnswer,
  emptyConfigState,
  getObject,
  type ObjectChange,
  refOf,
} from "@routeledger/config-model";
import { codec, type decoded } from "@routeledger/protos";
import { assert, type JsonObject, revision } from "@routeledger/std";
import { emptyPublished, type Part, partsOf } from "@routeledger/xds-model";
import { foldRevision, type RevisionFold } from "../fold-revision.ts";
import { TranslationCache } from "../translation-cache.ts";
import { translatorVersion } from "../translator-version.ts";
import { answersOf } from "./answers-of.ts";
import type { Outcome } from "./extension-outcome.ts";
import type { WantedCall } from "./hook-chain.ts";
import type { ResourceQuestion, TranslationQuestion, TranslationResources } from "./hook-questions.ts";

export type Say = (
  question: ResourceQuestion | TranslationQuestion,
) => Outcome<Uint8Array | TranslationResources>;

/** A log and its leading translator, without either: events are folded as they are told. */
export class ExtendedWorld {
  readonly events: ConfigEvent[] = [];
  fold: RevisionFold = { state: emptyConfigState, published: emptyPublished, last: undefined };
  readonly #cache = new TranslationCache();

  constructor(objects: readonly JsonObject[]) {
    this.#append({ type: "translatorActivated", version: translatorVersion, retireGraceMs: 60_000 });
    this.apply(...objects);
  }

  apply(...objects: readonly JsonObject[]): void {
    const { state } = this.fold;
    const changes = objects.flatMap((object) => {
      const uid = `uid-${state.revision.sequence + 1}`;
      const timeMs = (state.revision.sequence + 1) * 1000;
      const change = completeObject(object, {
        existing: getObject(state, refOf(object)),
        source: "test",
        uid,
        timeMs,
      });
      return change === "unchanged" ? [] : [change];
    });
    this.#append({ type: "changeSet", changes });
  }

  delete(...objects: readonly JsonObject[]): void {
    const changes = objects.map(
      (object): ObjectChange => ({ type: "deleted", source: "test", ...refOf(object) }),
    );
    this.#append({ type: "changeSet", changes });
  }

  /** What the state wants to know. */
  get calls(): readonly WantedCall[] {
    return [...(this.fold.last?.extended.values() ?? [])].flatMap(({ calls }) => calls);
  }

  /** One event of what is said to these calls. */
  answer(say: Say, calls: readonly WantedCall[] = this.calls): void {
    const { answers: known } = this.fold.state;
    const answers = calls.flatMap((call) => answersOf(call, say(call.question), known.get(call.nodeGroup)));
    this.say(answers);
  }

  say(answers: readonly ExtensionAnswer[]): void {
    this.#append({ type: "extensionAnswers", answers });
  }

  /** Answers until nothing is wanted any more: a chain asks one extension after the other. */
  answerAll(say: Say): void {
    for (let rounds = 0; this.calls.length > 0; rounds++) {
      assert(rounds < 20, "answers that come to an end");
      this.answer(say);
    }
  }

  #append(fact: ConfigFact): void {
    const sequence = this.fold.state.revision.sequence + 1;
    const event: ConfigEvent = { revision: revision(1, sequence), timeMs: sequence * 1000, term: 0, fact };
    this.events.push(event);
    const folded = foldRevision(this.fold, event, this.#cache);
    assert(
      folded.alarms.length === 0,
      `a closed snapshot, found ${JSON.stringify(folded.alarms, shortAlarm)}`,
    );
    this.fold = folded;
  }

  /** What proxies have of a Gateway. */
  parts(group = "default/web"): readonly Part[] {
    const snapshot = this.fold.published.snapshots.get(group);
    return snapshot === undefined ? [] : [...partsOf(snapshot).values()];
  }

  part(type: Part["type"], resource: string, virtualHost = ""): Part | undefined {
    return this.parts().find(
      (part) => part.type === type && part.resource === resource && part.virtualHost === virtualHost,
    );
  }

  host(domain: string, table = "http/8080"): decoded.envoy.config.route.v3.VirtualHost | undefined {
    const part = this.part("route", table, domain.replaceAll(".", "_"));
    return part && codec("envoy.config.route.v3.VirtualHost").decode(part.bytes);
  }

  /** `name -> cluster or status, with the headers that it adds` of the routes of a domain. */
  routes(domain: string, table = "http/8080"): string[] {
    return (this.host(domain, table)?.routes ?? []).map(
      ({ name, route, directResponse, responseHeadersToAdd }) => {
        const headers = responseHeadersToAdd
          .map(({ header }) => ` +${header?.key}=${header?.value}`)
          .join("");
        return `${name} -> ${directResponse?.status ?? route?.cluster}${headers}`;
      },
    );
  }

  /** An object's status, as JSON. */
  status(key: string): string {
    return this.fold.published.statuses.get(key)?.json ?? "{}";
  }

  /** The conditions of an object's status as `type=status reason`, those of its first parent for a route. */
  conditions(key: string): string[] {
    const status = JSON.parse(this.status(key)) as {
      conditions?: JsonObject[];
      parents?: { conditions: JsonObject[] }[];
    };
    const conditions = status.conditions ?? status.parents?.[0]?.conditions ?? [];
    return conditions.map(({ type, status: value, reason }) => `${type}=${value} ${reason}`);
  }
}

function shortAlarm(key: string, value: unknown): unknown {
  return key === "from" ? (value as { name: string }).name : value;
}

const routes = codec("envoy.config.route.v3.Route");

/** Says of routes that they add a header to responses, of all else that it stays. */
export function headers(value: string): Say {
  return (question) => {
    if (question.hook !== "Route") return { kind: "unchanged" };
    const route = routes.decode(question.resource, { keepUnknownFields: true });
    const responseHeadersToAdd = [...route.responseHeadersToAdd, { header: { key: "x-by", value } }];
    return { kind: "answer", answer: routes.encode({ ...route, responseHeadersToAdd }) };
  };
}

/** No answer. */
export function failing(code: "UNAVAILABLE" | "DEADLINE_EXCEEDED" = "UNAVAILABLE"): Say {
  return ({ hook }) => ({ kind: "failed", code, message: `ask ${hook}: ${code}`, retryable: true });
}

/** An Extension of one kind of filter, with these hooks. */
export function extension(name: string, hooks: readonly string[], more: JsonObject = {}): JsonObject {
  return {
    apiVersion: "routeledger.dev/v1alpha1",
    kind: "Extension",
    metadata: { name, creationTimestamp: "2026-01-01T00:00:00Z" },
    spec: {
      resources: [{ group: "example.com", version: "v1", kind: "Header" }],
      hooks: { xdsTranslator: { post: [...hooks] } },
      service: { unix: { path: "/run/extension" } },
      ...more,
    },
  };
}

/** An object that filters name. */
export function header(name: string, value = "blue"): JsonObject {
  return {
    apiVersion: "example.com/v1",
    kind: "Header",
    metadata: { name, namespace: "default", creationTimestamp: "2026-01-01T00:00:00Z" },
    spec: { value },
  };
}

/** A filter that names such an object. */
export function byHeader(name: string): JsonObject {
  return { type: "ExtensionRef", extensionRef: { group: "example.com", kind: "Header", name } };
}
