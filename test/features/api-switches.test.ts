import { deepEqual, equal, match, ok } from "node:assert/strict";
import { test } from "node:test";
import { parseRevision } from "@routeledger/std";
import { typeNumbers } from "@routeledger/xds-model";
import { FakeEdge } from "./api/fake-edge.ts";
import {
  backend,
  documents,
  gateway,
  gatewayClass,
  type RunningApi,
  route,
  withApi,
} from "./api/running-api.ts";
import { memoryLogs } from "./store/random-history.ts";

const everything = documents(gatewayClass, gateway, backend, route("home"));
const cluster = "backend/shop/local";

/** The backend, spoken to over TLS. */
function secured(sni = "a.example.com"): string {
  return `${backend}  tls: { sni: ${sni}, insecureSkipVerify: true }\n`;
}

interface Story {
  readonly prepared: string;
  readonly phase: string;
  readonly steps: readonly { readonly revision: string; readonly kind: string; readonly summary: string }[];
  readonly waitsFor?: string | null;
}

/** One proxy that acknowledges what it is told to. */
class OneProxy {
  readonly edge: FakeEdge;

  constructor(running: RunningApi) {
    this.edge = new FakeEdge(running.logs.delivery);
  }

  async takes(revision: string): Promise<void> {
    const sequence = parseRevision(revision)!.sequence;
    for (const type of [typeNumbers.cluster, typeNumbers.endpoint, typeNumbers.listener, typeNumbers.route]) {
      await this.edge.sent(type, sequence, `n${type}-${sequence}`);
      await this.edge.acked(type, sequence, `n${type}-${sequence}`);
    }
  }

  /** What it says of requests from now on. */
  reports(
    ...clusters: { name: string; successful?: number; errors?: number; issued: number }[]
  ): Promise<void> {
    return this.edge.reports("shop/web", clusters);
  }
}

/** Applies everything, with a proxy that has it, and prepares the backend's TLS. */
async function prepared(running: RunningApi, query = ""): Promise<{ proxy: OneProxy; revision: string }> {
  const { body } = await running.apply(everything);
  const proxy = new OneProxy(running);
  await proxy.edge.connect();
  await proxy.takes(String(body.revision));
  const answer = await running.apply(secured(), `?prepare=true${query}`);
  equal(answer.status, 200, JSON.stringify(answer.body));
  return { proxy, revision: String(answer.body.switch) };
}

/** When it has more steps than so many. */
async function story(running: RunningApi, revision: string, steps = 0): Promise<Story> {
  const { status, body } = await running.get(`/v1/switches/${revision}?waitMs=10000&steps=${steps}`);
  equal(status, 200, JSON.stringify(body));
  return body as unknown as Story;
}

async function sniNow({ get }: RunningApi): Promise<unknown> {
  const { body } = await get("/v1/objects/backend/shop/local");
  const { tls } = body.spec as { tls?: { sni: string } };
  return tls?.sni ?? "plain";
}

async function waitsFor({ get }: RunningApi, pattern: RegExp): Promise<void> {
  const deadlineMs = performance.now() + 10_000;
  for (;;) {
    const { body } = await get("/v1/switch");
    const open = body.switch as { waitsFor: string | null } | null;
    if (pattern.test(open?.waitsFor ?? "")) return;
    ok(performance.now() < deadlineMs, `${pattern}, got ${JSON.stringify(open)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const kinds = ({ steps }: Story): string[] => steps.map(({ kind }) => kind.replace("Switch", ""));
const lastWords = ({ steps }: Story): string => steps.at(-1)?.summary ?? "";

test("rules SW11, SW14 to SW16: warm, tried, turned, finished; the objects change at the turn, and the log tells it", () =>
  withApi(async (running) => {
    const { proxy, revision } = await prepared(running);
    await waitsFor(running, /waits for proxies: 0 of 1 proxies have it; missing: envoy-1/);
    equal(await sniNow(running), "plain");
    await proxy.takes(revision);
    const tried = await story(running, revision, 1);
    deepEqual(kinds(tried), ["Prepared", "Tried"]);
    await proxy.takes(tried.steps[1]!.revision);
    await waitsFor(running, /report their load/);
    await proxy.reports({ name: `${cluster}~2`, successful: 30, issued: 30 });
    const turned = await story(running, revision, 2);
    match(lastWords(turned), /^switch @1\.\d+ turned: 1 proxy has it, and 30 requests went well$/);
    equal(await sniNow(running), "a.example.com");
    await proxy.takes(turned.steps[2]!.revision);
    const done = await story(running, revision, 3);
    deepEqual([done.phase, kinds(done)], ["finished", ["Prepared", "Tried", "Turned", "Finished"]]);
    const { body } = await running.get("/v1/log");
    const events = body.events as { kind: string; changes?: { ref: { name: string } }[] }[];
    deepEqual(
      events
        .slice(0, 4)
        .map(({ kind, changes }) => `${kind} ${(changes ?? []).map(({ ref }) => ref.name)}`.trim()),
      ["SwitchFinished", "SwitchTurned local", "SwitchTried", "SwitchPrepared"],
    );
  }));

test("rule SW19: what is switched is not changed meanwhile, nor is another one prepared; everything else goes on", () =>
  withApi(async (running) => {
    const { revision } = await prepared(running);
    for (const answer of [
      await running.apply(secured("b.example.com")),
      await running.apply(secured("b.example.com"), "?prepare=true"),
      await running.post("/v1/delete", { refs: [{ kind: "Backend", namespace: "shop", name: "local" }] }),
    ]) {
      const { code, message, hint } = answer.body.error as Record<string, string>;
      deepEqual([answer.status, code], [409, "conflict"]);
      match(message ?? "", new RegExp(`switch @${revision.replace(".", "\\.")}`));
      match(hint ?? "", /routeledger switch revert/);
    }
    equal((await running.apply(route("other", "/other"))).status, 200);
    equal((await running.apply(backend)).status, 200, "an equal object is unchanged");
    const { body } = await running.get("/v1/switch");
    deepEqual((body.switch as { clusters: object }).clusters, [
      { name: `${cluster}~2`, replaces: cluster, tried: true },
    ]);
    const status = await running.get("/v1/status");
    equal((status.body.switch as { phase: string }).phase, "prepared");
  }));

test("rule SW13: a proxy that rejects it makes it go back", () =>
  withApi(async (running) => {
    const { proxy, revision } = await prepared(running);
    const { sequence } = parseRevision(revision)!;
    await proxy.edge.sent(typeNumbers.cluster, sequence, "bad");
    await proxy.edge.nacked(typeNumbers.cluster, sequence, "bad", "no such transport");
    const over = await story(running, revision, 1);
    deepEqual([over.phase, kinds(over)], ["reverted", ["Prepared", "Reverted"]]);
    match(lastWords(over), /went back: proxy envoy-1 rejected CDS.*: no such transport/);
    equal(await sniNow(running), "plain");
  }));

test("rule SW12: a proxy that does not answer within the deadline makes it go back, after the turn, too", () =>
  withApi(async (running) => {
    const { proxy, revision } = await prepared(running, "&deadlineMs=1500&trialMs=0");
    const over = await story(running, revision, 1);
    match(lastWords(over), /went back: 0 of 1 proxies have it within 1\.5 s; missing: envoy-1/);
    const again = await running.apply(secured(), "?prepare=true&deadlineMs=1500&trialMs=0");
    const second = String(again.body.switch);
    await proxy.takes(second);
    const back = await story(running, second, 2);
    deepEqual(kinds(back), ["Prepared", "Turned", "Reverted"]);
    equal(await sniNow(running), "plain");
    const { body } = await running.get("/v1/objects/backend/shop/local");
    equal((body.metadata as { generation: number }).generation, 3, "generations count on");
  }));

test("rule SW15: requests that are answered by the old cluster alone make it go back", () =>
  withApi(async (running) => {
    const { proxy, revision } = await prepared(running);
    await proxy.takes(revision);
    const tried = await story(running, revision, 1);
    await proxy.takes(tried.steps[1]!.revision);
    await waitsFor(running, /report their load/);
    await proxy.reports({ name: cluster, successful: 7, issued: 7 });
    const over = await story(running, revision, 2);
    match(
      lastWords(over),
      /no request got a connection to backend\/shop\/local~2: 7 went to backend\/shop\/local instead/,
    );
    equal(await sniNow(running), "plain");
  }));

for (const [title, before, after, expected] of [
  ["more errors than allowed, and than before", 0, 3, "reverted"],
  ["as many errors as before", 5, 5, "finished"],
  ["errors below the limit", 0, 0, "finished"],
] as const) {
  test(`rule SW16: ${title}: ${expected}`, () =>
    withApi(async (running) => {
      const { proxy, revision } = await prepared(running, "&trialMs=0&watchErrors=10000&watchMs=1500");
      await proxy.reports({ name: cluster, successful: 100 - before, errors: before, issued: 100 });
      await proxy.takes(revision);
      const turned = await story(running, revision, 1);
      await proxy.takes(turned.steps[1]!.revision);
      await waitsFor(running, /report their load/);
      await proxy.reports({ name: `${cluster}~2`, successful: 100 - after, errors: after, issued: 100 });
      await proxy.edge.reports("shop/web", [], { laterMs: 1_500 });
      const over = await story(running, revision, 2);
      equal(over.phase, expected, lastWords(over));
      if (expected === "reverted")
        match(lastWords(over), /3% of 100 requests to .*~2 failed, 0% before; the limit is 1%/);
      equal(await sniNow(running), expected === "reverted" ? "plain" : "a.example.com");
    }));
}

test("rule SW18: errors are not watched where nobody reports", () =>
  withApi(async (running) => {
    const { proxy, revision } = await prepared(
      running,
      "&trialMs=0&watchErrors=10000&watchMs=200&deadlineMs=2000",
    );
    await proxy.takes(revision);
    const turned = await story(running, revision, 1);
    await proxy.takes(turned.steps[1]!.revision);
    match(
      lastWords(await story(running, revision, 2)),
      /errors cannot be watched: no proxy reports its load/,
    );
  }));

test("rule SW14: where no proxy is connected nobody is waited for", () =>
  withApi(async (running) => {
    await running.apply(everything);
    const { body } = await running.apply(secured(), "?prepare=true");
    let over = await story(running, String(body.switch), 1);
    while (over.phase !== "finished") over = await story(running, over.prepared, over.steps.length);
    deepEqual(kinds(over), ["Prepared", "Turned", "Finished"]);
    match(over.steps[1]?.summary ?? "", /turned: no proxy is connected/);
    equal(await sniNow(running), "a.example.com");
  }));

test("rule SW11: a proxy that left a moment ago may come back elsewhere", () =>
  withApi(async (running) => {
    const { proxy, revision } = await prepared(running);
    await proxy.edge.disconnectNow();
    await waitsFor(running, /waits for envoy-1 to come back/);
    const elsewhere = new FakeEdge(running.logs.delivery, { edgeId: "edge-2" });
    await elsewhere.connect();
    await waitsFor(running, /missing: envoy-1/);
    equal((await story(running, revision)).phase, "prepared");
  }));

test("rule SW17: whoever says so lets it go back, before the turn and after it", () =>
  withApi(async (running) => {
    const { proxy, revision } = await prepared(running, "&trialMs=0");
    const reverted = await running.post("/v1/switch/revert?actor=ann&reason=not+now", {});
    equal(reverted.status, 200);
    match(lastWords(await story(running, revision, 1)), /went back: not now/);
    equal((await running.post("/v1/switch/revert", {})).status, 409);
    const again = await running.apply(secured(), "?prepare=true&trialMs=0");
    await proxy.takes(String(again.body.switch));
    await story(running, String(again.body.switch), 1);
    equal(await sniNow(running), "a.example.com");
    await running.post("/v1/switch/revert", {});
    equal(await sniNow(running), "plain");
  }));

test("rule SW20: what changes no cluster is applied at once; what would not work, and a refused object, change nothing", () =>
  withApi(async (running) => {
    await running.apply(everything);
    const moved = await running.apply(route("home", "/new"), "?prepare=true");
    deepEqual([moved.body.switch, typeof moved.body.revision], [null, "string"]);
    const gone = route("home").replace("name: local", "name: gone");
    const broken = await running.apply(gone, "?prepare=true");
    equal(broken.status, 409);
    match((broken.body.error as { message: string }).message, /HTTPRoute shop\/home would not work any more/);
    const half = await running.apply(documents(secured(), "kind: Nothing\n"), "?prepare=true");
    equal(half.body.revision, null);
    equal((await running.get("/v1/switch")).body.switch, null);
  }));

test("rule SW2: an api that comes after a crash goes on where the last event is", async () => {
  const logs = memoryLogs();
  let revision = "";
  let tried = "";
  await withApi(
    async (running) => {
      const begun = await prepared(running);
      revision = begun.revision;
      await begun.proxy.takes(revision);
      tried = (await story(running, revision, 1)).steps[1]!.revision;
    },
    { logs },
  );
  await withApi(
    async (running) => {
      equal((await story(running, revision)).phase, "tried");
      const again = new FakeEdge(logs.delivery, { startedMs: 2_000 });
      await again.connect();
      const proxy = new OneProxy(running);
      Object.assign(proxy, { edge: again });
      await proxy.takes(tried);
      await waitsFor(running, /report their load/);
      await proxy.reports({ name: `${cluster}~2`, successful: 20, issued: 20 });
      equal((await story(running, revision, 2)).phase, "turned");
    },
    { logs },
  );
});
