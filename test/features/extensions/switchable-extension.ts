import type { TestContext } from "node:test";
import { Client, credentials, status } from "@grpc/grpc-js";
import { codec, serviceMethods, withMessages } from "@routeledger/protos";
import { concatBytes } from "@routeledger/std";
import { startExample } from "./example-process.ts";
import { type AnsweredCall, type Behaviour, ExtensionServer, stuck } from "./extension-server.ts";

/** What a server does with whatever it is asked. */
export type Mode =
  | "healthy"
  /** UNAVAILABLE, at once. */
  | "refusing"
  /** Takes each call, and never answers. */
  | "stuck"
  /** Healthy, and every answer takes `slowMs`. */
  | "slow"
  /** INTERNAL, which no client tries again, for every second call. */
  | "flapping"
  /** Answers that are no protobuf. */
  | "garbled"
  /** Answers with a resource of another name. */
  | "renaming"
  /** Answers of more than a client takes that was told nothing else. */
  | "huge"
  /** Nobody listens. */
  | "absent";

/** How long a slow server takes for an answer, milliseconds. */
export const slowMs = 400;
/** Of a huge answer: more than the `maxMessageSize` of 4 MiB that an Extension has by default. */
const hugeBytes = 5 * 1024 * 1024;

/**
 * An extension server whose failures a test chooses: in front of a process of `examples/extension`, which answers all that
 * it has a hook for; other resources are unchanged, and a whole translation is what it was. It is asked on one port, and
 * begins healthy. All ends with the test.
 */
export class SwitchableExtension {
  readonly port: number;
  readonly #test: TestContext;
  readonly #example: Client;
  #server: ExtensionServer | undefined;
  #mode: Mode = "healthy";
  /** Of servers before this one. */
  readonly #earlier: string[] = [];

  private constructor(test: TestContext, example: Client, server: ExtensionServer) {
    this.#test = test;
    this.#example = example;
    this.#server = server;
    this.port = server.port;
  }

  static async start(test: TestContext): Promise<SwitchableExtension> {
    const { address } = await startExample(test);
    const example = new Client(address, credentials.createInsecure(), {
      "grpc.max_receive_message_length": -1,
    });
    test.after(() => example.close());
    const server = await ExtensionServer.start(test, stuck);
    const extension = new SwitchableExtension(test, example, server);
    server.behaviour = extension.#behaviour("healthy");
    return extension;
  }

  get mode(): Mode {
    return this.#mode;
  }

  /** Methods that were called, in order; a call that is tried again counts again. */
  get called(): readonly string[] {
    return [...this.#earlier, ...(this.#server?.called ?? [])];
  }

  /** What it does with calls from now on. Those that are under way end as they began, unless it becomes absent. */
  async become(mode: Mode): Promise<void> {
    this.#mode = mode;
    if (mode === "absent") {
      this.#earlier.push(...(this.#server?.called ?? []));
      this.#server?.stop();
      this.#server = undefined;
      return;
    }
    const behaviour = this.#behaviour(mode);
    if (this.#server !== undefined) this.#server.behaviour = behaviour;
    else {
      const address = `127.0.0.1:${this.port}`;
      this.#server = await ExtensionServer.start(this.#test, behaviour, { address });
    }
  }

  #behaviour(mode: Mode): Behaviour {
    const answer = (call: AnsweredCall): void => this.#answer(call, (bytes) => bytes);
    const behaviours: Readonly<Record<Mode, Behaviour>> = {
      healthy: answer,
      refusing: (call) => call.fail(status.UNAVAILABLE, "refusing, as told"),
      stuck,
      slow: (call) => void setTimeout(() => answer(call), slowMs),
      flapping: (call) =>
        call.count % 2 === 0 ? call.fail(status.INTERNAL, "flapping, as told") : answer(call),
      garbled: (call) => call.answer(new Uint8Array([0xff, 0xff, 0xff])),
      renaming: (call) => this.#answer(call, (bytes) => renamed(call.method, bytes)),
      huge: (call) => call.answer(withMessages(new Uint8Array(0), 15, [new Uint8Array(hugeBytes)])),
      absent: stuck,
    };
    return behaviours[mode];
  }

  #answer(call: AnsweredCall, change: (answer: Uint8Array) => Uint8Array): void {
    const { path } = serviceMethods("envoygateway.extension.EnvoyGatewayExtension").find(
      ({ name }) => name === call.method,
    )!;
    const asItIs = (bytes: Buffer): Buffer => bytes;
    const request = Buffer.from(call.request);
    this.#example.makeUnaryRequest(path, asItIs, asItIs, request, (error, answer) => {
      if (error === null) call.answer(change(answer ?? new Uint8Array(0)));
      else if (error.code === status.UNIMPLEMENTED) call.answer(change(unchanged(call)));
      else call.fail(error.code, error.details);
    });
  }
}

const translation = "PostTranslateModify";

function unchanged({ method, request }: AnsweredCall): Uint8Array {
  if (method !== translation) return new Uint8Array(0);
  const { postTranslateContext: _, ...lists } = codec(
    "envoygateway.extension.PostTranslateModifyRequest",
  ).decode(request, { keepUnknownFields: true });
  return codec("envoygateway.extension.PostTranslateModifyResponse").encode(lists);
}

const name = "renamed";
const otherNames: Readonly<Record<string, Uint8Array>> = {
  PostRouteModify: codec("envoy.config.route.v3.Route").encode({ name }),
  PostVirtualHostModify: codec("envoy.config.route.v3.VirtualHost").encode({ name }),
  PostHTTPListenerModify: codec("envoy.config.listener.v3.Listener").encode({ name }),
  PostClusterModify: codec("envoy.config.cluster.v3.Cluster").encode({ name }),
  PostEndpointsModify: codec("envoy.config.endpoint.v3.ClusterLoadAssignment").encode({ clusterName: name }),
};

/** The answer with another name: messages that come twice are merged, and the last name counts. */
function renamed(method: string, answer: Uint8Array): Uint8Array {
  if (method === translation) {
    const lists = codec("envoygateway.extension.PostTranslateModifyResponse").decode(answer);
    const routes = lists.routes.map((table) => ({ ...table, name: `${table.name}-renamed` }));
    return codec("envoygateway.extension.PostTranslateModifyResponse").encode({ ...lists, routes });
  }
  return concatBytes([answer, withMessages(new Uint8Array(0), 1, [otherNames[method]!])]);
}
