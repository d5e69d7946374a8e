import { type ServerDuplexStream, type ServerUnaryCall, type sendUnaryData, status } from "@grpc/grpc-js";
import type { DecodedTypes, MessageTypes } from "@routeledger/protos";
import { by, type Clock } from "@routeledger/std";
import { clientConfig, type ServedStream, statusesOf } from "./client-status.ts";
import { matchesNode, whyNotMatched } from "./node-matcher.ts";
import { Pace } from "./pace.ts";
import { type IdentityRule, type PeerNames, peerNamesOf } from "./peer-identity.ts";

type Request = DecodedTypes["envoy.service.status.v3.ClientStatusRequest"];
type Response = MessageTypes["envoy.service.status.v3.ClientStatusResponse"];

/** Resources in one answer, and bytes of their contents; more is RESOURCE_EXHAUSTED. */
const resourcesMax = 100_000;
const contentBytesMax = 64 * 1024 * 1024;
/** Requests of one stream that are answered a second; a faster one is read slower. */
const requestsPerSecond = 10;

export interface ClientStatusOptions {
  readonly clock: Clock;
  readonly streams: () => Iterable<ServedStream>;
  /** Which node groups a caller may see; absent: all. */
  readonly identity: IdentityRule | undefined;
}

/** `envoy.service.status.v3.ClientStatusDiscoveryService`: what each connected proxy is served, a stream each. */
export class ClientStatusService {
  readonly #options: ClientStatusOptions;

  constructor(options: ClientStatusOptions) {
    this.#options = options;
  }

  get handlers() {
    return {
      FetchClientStatus: (call: ServerUnaryCall<Request, Response>, answer: sendUnaryData<Response>) => {
        const result = this.#answer(call.request, namesOf(call));
        if ("code" in result) answer(result);
        else answer(null, result);
      },
      StreamClientStatus: (call: ServerDuplexStream<Request, Response>) => this.#stream(call),
    };
  }

  #stream(call: ServerDuplexStream<Request, Response>): void {
    const { clock } = this.#options;
    const pace = new Pace(clock, requestsPerSecond);
    const names = namesOf(call);
    let cancel = (): void => undefined;
    call.on("error", () => cancel());
    call.on("cancelled", () => cancel());
    call.on("end", () => call.end());
    call.on("data", (request: Request) => {
      const result = this.#answer(request, names);
      if ("code" in result) {
        call.emit("error", result);
        return;
      }
      // The next request is read when this answer was taken, so that a client that takes none costs one.
      call.pause();
      call.write(result, () => {
        const waitMs = pace.take(1);
        if (waitMs === 0) call.resume();
        else cancel = clock.after(waitMs, () => call.resume());
      });
    });
  }

  #answer(
    { nodeMatchers, excludeResourceContents }: Request,
    names: PeerNames,
  ): Response | { readonly code: status; readonly details: string } {
    const why = whyNotMatched(nodeMatchers);
    if (why !== undefined) return { code: status.INVALID_ARGUMENT, details: why };
    const { streams, identity } = this.#options;
    const shown = [...streams()]
      .filter(({ node, nodeGroup }) => node !== undefined && identity?.(names, nodeGroup) !== false)
      .filter(({ node }) => node !== undefined && matchesNode(nodeMatchers, node))
      .sort(by(({ node }) => node?.id ?? ""));
    const tooMuch = (what: string) => ({
      code: status.RESOURCE_EXHAUSTED,
      details: `more than ${what}: narrow it by node_matchers, or set exclude_resource_contents`,
    });
    if (shown.reduce((sum, stream) => sum + statusesOf(stream), 0) > resourcesMax)
      return tooMuch(`${resourcesMax} resources`);
    let bytes = 0;
    const config = [];
    for (const stream of shown) {
      const one = clientConfig(stream, { withContents: !excludeResourceContents });
      for (const { xdsConfig } of one.genericXdsConfigs ?? []) bytes += xdsConfig?.value?.length ?? 0;
      if (bytes > contentBytesMax) return tooMuch(`${contentBytesMax} bytes of contents`);
      config.push(one);
    }
    return { config };
  }
}

function namesOf(call: Pick<ServerUnaryCall<Request, Response>, "getAuthContext">): PeerNames {
  return peerNamesOf(call.getAuthContext().sslPeerCertificate);
}
