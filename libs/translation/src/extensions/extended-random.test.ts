import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { emptyConfigState } from "@routeledger/config-model";
import { codec } from "@routeledger/protos";
import type { JsonObject } from "@routeledger/std";
import { emptyPublished, encodePublishedCheckpoints, partsOf } from "@routeledger/xds-model";
import fc from "fast-check";
import { foldRevision, type RevisionFold } from "../fold-revision.ts";
import { endpointSlice, gateway, gatewayClass, http, httpRoute, rule, service } from "../sample-objects.ts";
import { TranslationCache } from "../translation-cache.ts";
import type { FailureMode } from "./extension-view.ts";
import type { WantedCall } from "./hook-chain.ts";
import { byHeader, ExtendedWorld, extension, failing, header, headers, type Say } from "./testing-world.ts";

const allHooks = ["Route", "VirtualHost", "HTTPListener", "Endpoints", "Translation"];
const modes: readonly FailureMode[] = ["keepLast", "failClosed", "failOpen"];
const hosts = ["a.com", "b.com", "c.com"];
const routeNames = ["r0", "r1", "r2"];

type Step =
  | {
      readonly type: "route";
      readonly route: number;
      readonly host: number;
      readonly to: number;
      readonly governed: boolean;
      readonly path: number;
    }
  | { readonly type: "deleteRoute"; readonly route: number }
  | { readonly type: "slice"; readonly value: number }
  | { readonly type: "header"; readonly value: number }
  | {
      readonly type: "extension";
      readonly which: number;
      readonly hooks: readonly string[];
      readonly mode: number;
    }
  | { readonly type: "deleteExtension"; readonly which: number }
  | { readonly type: "answer"; readonly how: "good" | "failed" | "nowhere" | "late"; readonly of: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    type: fc.constant("route" as const),
    route: fc.nat(2),
    host: fc.nat(2),
    to: fc.nat(1),
    governed: fc.boolean(),
    path: fc.nat(2),
  }),
  fc.record({ type: fc.constant("deleteRoute" as const), route: fc.nat(2) }),
  fc.record({ type: fc.constant("slice" as const), value: fc.nat(3) }),
  fc.record({ type: fc.constant("header" as const), value: fc.nat(3) }),
  fc.record({
    type: fc.constant("extension" as const),
    which: fc.nat(1),
    hooks: fc.subarray(allHooks, { minLength: 1 }),
    mode: fc.nat(2),
  }),
  fc.record({ type: fc.constant("deleteExtension" as const), which: fc.nat(1) }),
  ...[0, 1, 2].map(() =>
    fc.record({
      type: fc.constant("answer" as const),
      how: fc.constantFrom(
        "good" as const,
        "good" as const,
        "failed" as const,
        "nowhere" as const,
        "late" as const,
      ),
      of: fc.nat(7),
    }),
  ),
);

const begin = fc.subarray(allHooks, { minLength: 1 });
const governedRoute = httpRoute(routeNames[0]!, {
  hostnames: hosts,
  rules: [rule("/", [{ name: "s0", port: 80 }], { filters: [byHeader("blue")] })],
});

function random(which: number, post: readonly string[], failureMode: FailureMode): JsonObject {
  const translation = { listener: { includeAll: true }, route: { includeAll: true } };
  const hooks = { xdsTranslator: { post: [...post], translation } };
  return extension(`e${which}`, [], { order: which, failureMode, hooks });
}

/** Answers that say something else for each question, and the same for the same one. */
const good: Say = (question) => {
  if (question.hook === "Route") return headers(String(question.resource.length))(question);
  if (question.hook === "VirtualHost") {
    const type = codec("envoy.config.route.v3.VirtualHost");
    const host = type.decode(question.resource);
    return { kind: "answer", answer: type.encode({ ...host, includeRequestAttemptCount: true }) };
  }
  if (question.hook === "Translation" && (question.resources.routes?.length ?? 0) > 0) {
    const type = codec("envoy.config.route.v3.RouteConfiguration");
    const routes = (question.resources.routes ?? []).map((bytes) => {
      const table = type.decode(bytes);
      const marked = table.virtualHosts.map((host) => ({ ...host, includeAttemptCountInResponse: true }));
      const added = marked.length % 2 === 0 ? [{ name: "mine", domains: ["mine.com"] }] : [];
      return type.encode({ ...table, virtualHosts: [...marked, ...added] });
    });
    return { kind: "answer", answer: { ...question.resources, routes } };
  }
  return { kind: "unchanged" };
};

/** Routes that lead nowhere, and no answer to anything else. */
const nowhere: Say = (question) => {
  if (question.hook !== "Route") return failing()(question);
  const type = codec("envoy.config.route.v3.Route");
  const { name, match } = type.decode(question.resource);
  return { kind: "answer", answer: type.encode({ name, match, route: { cluster: "nowhere" } }) };
};

const says = { good, late: good, failed: failing(), nowhere };

const base = [
  gatewayClass,
  gateway([http("http", 8080)]),
  service("s0"),
  service("s1"),
  endpointSlice("s0-1", "s0"),
  header("blue"),
];

function take(w: ExtendedWorld, one: Step, before: readonly WantedCall[]): void {
  if (one.type === "route") {
    const filters = one.governed ? { filters: [byHeader("blue")] } : {};
    const rules = [rule(`/${"x".repeat(one.path)}`, [{ name: `s${one.to}`, port: 80 }], filters)];
    w.apply(httpRoute(routeNames[one.route]!, { hostnames: [hosts[one.host]!], rules }));
  } else if (one.type === "deleteRoute") w.delete(httpRoute(routeNames[one.route]!, {}));
  else if (one.type === "slice")
    w.apply(endpointSlice("s0-1", "s0", { endpoints: [{ addresses: [`127.0.0.${one.value + 1}`] }] }));
  else if (one.type === "header") w.apply(header("blue", `v${one.value}`));
  else if (one.type === "extension") w.apply(random(one.which, one.hooks, modes[one.mode]!));
  else if (one.type === "deleteExtension") w.delete(extension(`e${one.which}`, []));
  else {
    const calls = one.how === "late" ? before : w.calls;
    w.answer(
      says[one.how],
      calls.filter((_, index) => index % 8 === one.of || one.of === 7),
    );
  }
}

/** The end of the same events with a translation from nothing at every one of them. */
function uncached(w: ExtendedWorld): RevisionFold {
  let fold: RevisionFold = { state: emptyConfigState, published: emptyPublished, last: undefined };
  for (const event of w.events)
    fold = { ...foldRevision(fold, event, new TranslationCache()), last: undefined };
  return fold;
}

function published(fold: RevisionFold): Record<string, string> {
  return Object.fromEntries(
    [...encodePublishedCheckpoints(fold.published)].map(([subject, bytes]) => [
      subject,
      Buffer.from(bytes).toString("hex"),
    ]),
  );
}

/** What proxies have when everything is answered well: no part of it says what came before. */
function settledBytes(objects: readonly JsonObject[]): Map<string, string> {
  const w = new ExtendedWorld(objects);
  w.answerAll(good);
  return digests(w);
}

function digests(w: ExtendedWorld): Map<string, string> {
  const snapshot = w.fold.published.snapshots.get("default/web");
  return new Map(
    [...(snapshot === undefined ? [] : partsOf(snapshot))].map(([key, { digest }]) => [key, digest]),
  );
}

const runs = Number(process.env.EXTENDED_HISTORIES ?? 40);

test(`any of ${runs} histories of extensions is closed at each revision, the same from nothing, and heals`, () => {
  let answered = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 6, maxLength: 24 }), begin, (steps, hooks) => {
      const w = new ExtendedWorld(base);
      w.apply(random(0, hooks, "keepLast"), governedRoute);
      let calls = w.calls;
      for (const one of steps) {
        const before = calls;
        calls = w.calls;
        take(w, one, before);
      }
      deepEqual(published(uncached(w)), published(w.fold));
      if (w.fold.state.answers.size > 0) answered++;
      if (steps.some((one) => one.type === "answer" && one.how === "nowhere")) return;
      w.answerAll(good);
      equal(w.calls.length, 0, "all is answered");
      const objects = [...w.fold.state.objects.values()]
        .flatMap((byNamespace) => [...byNamespace.values()])
        .flatMap((byName) => [...byName.values()])
        .map(({ object }) => object);
      deepEqual(digests(w), settledBytes(objects));
    }),
    { numRuns: runs, endOnFailure: false },
  );
  ok(answered > runs / 4, `often enough something was answered: ${answered} of ${runs}`);
});
