import { randomBytes } from "node:crypto";
import type { TestContext } from "node:test";
import { MemoryEventLog, MemoryStorage } from "@routeledger/event-log";
import { codec, withMessages } from "@routeledger/protos";
import { silentLogger } from "@routeledger/service-kit";
import { type JsonObject, systemClock } from "@routeledger/std";
import {
  checkReplay,
  readPublished,
  startTranslator,
  type Translator,
  type TranslatorOptions,
} from "@routeledger/translator";
import { ConfigAuthor } from "../translator/config-author.ts";
import type { AnsweredCall, Behaviour } from "./extension-server.ts";

/** One CONFIG and one XDS log in memory, with real translators and real extension servers. */
export class ExtendedLogs {
  readonly #config = new MemoryStorage("config-1");
  readonly #xds = new MemoryStorage("xds-1");
  readonly author = new ConfigAuthor(this.open().config);
  readonly #test: TestContext;

  constructor(test: TestContext) {
    this.#test = test;
  }

  open(): { config: MemoryEventLog; xds: MemoryEventLog } {
    return { config: new MemoryEventLog("CONFIG", this.#config), xds: new MemoryEventLog("XDS", this.#xds) };
  }

  async start(options: Partial<TranslatorOptions> = {}): Promise<Translator> {
    const translator = await startTranslator({
      ...{ logs: this.open(), name: "translator", clock: systemClock, randomBytes, logger: silentLogger },
      ...{ retireGraceMs: 60_000, checkpointEveryRevisions: 1000, ...options },
    });
    this.#test.after(() => translator.stop());
    return translator;
  }

  /** `name -> status or cluster, with the headers that it adds` of a virtual host's routes, as they are published. */
  async routes(host: string, table = "http/8080"): Promise<string[]> {
    const { published } = await readPublished(this.open().xds);
    const resource = published.snapshots.get("default/web")?.types.route.resources.get(table);
    const part = resource?.parts.find(({ virtualHost }) => virtualHost === host.replaceAll(".", "_"));
    if (part === undefined) return [];
    return codec("envoy.config.route.v3.VirtualHost")
      .decode(part.bytes)
      .routes.map(({ name, route, directResponse, responseHeadersToAdd }) => {
        const headers = responseHeadersToAdd
          .map(({ header }) => ` +${header?.key}=${header?.value}`)
          .join("");
        return `${name} -> ${directResponse?.status ?? route?.cluster}${headers}`;
      });
  }

  async status(key: string): Promise<string> {
    const { published } = await readPublished(this.open().xds);
    return published.statuses.get(key)?.json ?? "";
  }

  /** Kinds of the events of CONFIG, in order. */
  async kinds(): Promise<string[]> {
    const { config } = this.open();
    const { CommitReader, configKinds } = await import("@routeledger/event-log");
    const kinds: string[] = [];
    for await (const item of new CommitReader(config, { from: undefined, kinds: configKinds }).read({
      until: (await config.info()).lastSequence,
    }))
      if (item.type === "commit") kinds.push(item.commit.kind);
    return kinds;
  }

  /** Differences between what was published and what the log says, without any extension server. */
  async replayed(): Promise<Awaited<ReturnType<typeof checkReplay>>> {
    return checkReplay(this.open());
  }
}

/** Waits until a look gives what is expected, at most 10 s; the last look else. */
export async function eventually<T>(look: () => Promise<T>, isThere: (seen: T) => boolean): Promise<T> {
  const endsAtMs = Date.now() + 10_000;
  for (;;) {
    const seen = await look();
    if (isThere(seen) || Date.now() > endsAtMs) return seen;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const routes = codec("envoy.config.route.v3.Route");

/** Adds a header to the responses of each route that it is asked about. */
export function addsHeader(value: string): Behaviour {
  return (call: AnsweredCall) => {
    if (call.method !== "PostRouteModify") return call.answer(new Uint8Array(0));
    const { route } = codec("envoygateway.extension.PostRouteModifyRequest").decode(call.request, {
      keepUnknownFields: true,
    });
    const added = { ...route, responseHeadersToAdd: [{ header: { key: "x-by", value } }] };
    call.answer(withMessages(new Uint8Array(0), 1, [routes.encode(added)]));
  };
}

export function extensionObject(port: number, hooks: readonly string[], more: JsonObject = {}): JsonObject {
  return {
    apiVersion: "routeledger.dev/v1alpha1",
    kind: "Extension",
    metadata: { name: "headers", generation: 1, creationTimestamp: "2026-01-01T00:00:00Z" },
    spec: {
      resources: [{ group: "example.com", version: "v1", kind: "Header" }],
      hooks: { xdsTranslator: { post: [...hooks] } },
      service: { ip: { address: "127.0.0.1", port } },
      deadline: "300ms",
      ...more,
    },
  };
}

export const header: JsonObject = {
  apiVersion: "example.com/v1",
  kind: "Header",
  metadata: { name: "blue", namespace: "default", generation: 1 },
  spec: { value: "blue" },
};

/** An HTTPRoute of the host with one route that the extension governs and one that it does not. */
export function extendedRoute(name: string, host: string, to = "a"): JsonObject {
  const filters = [
    { type: "ExtensionRef", extensionRef: { group: "example.com", kind: "Header", name: "blue" } },
  ];
  const match = (value: string): JsonObject[] => [{ path: { type: "PathPrefix", value } }];
  return {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "HTTPRoute",
    metadata: { name, namespace: "default", generation: 1, creationTimestamp: "2026-01-01T00:00:00Z" },
    spec: {
      parentRefs: [{ name: "web" }],
      hostnames: [host],
      rules: [
        { matches: match("/x"), filters, backendRefs: [{ name: to, port: 80 }] },
        { matches: match("/"), backendRefs: [{ name: "a", port: 80 }] },
      ],
    },
  };
}
