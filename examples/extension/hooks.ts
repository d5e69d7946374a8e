/**
 * What this extension changes. Each function is given a resource and returns it changed, or undefined for "leave it as
 * it is". Fields that the descriptor lacks are kept by who decodes and encodes (`extension-service.ts`).
 */
import { codec, type DecodedTypes, type decoded, packAny } from "@routeledger/protos";
import { readResponseHeader } from "./response-header.ts";

type Route = DecodedTypes["envoy.config.route.v3.Route"];
type Listener = DecodedTypes["envoy.config.listener.v3.Listener"];
type FilterChain = Listener["filterChains"][number];
type Filter = FilterChain["filters"][number];

const managerType = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
/** Begins each line, so that one can find them in Envoy's output. */
const lineStart = "extension ";

/** A route answers with the header of each `ResponseHeader` that it names. */
export function withResponseHeaders(route: Route, objects: readonly Uint8Array[]): Route | undefined {
  const headers = objects.map(readResponseHeader).filter((header) => header !== undefined);
  if (headers.length === 0) return undefined;
  const added = headers.map(({ name, value }) => headerOption(name, value));
  return { ...route, responseHeadersToAdd: [...route.responseHeadersToAdd, ...added] };
}

function headerOption(key: string, value: string): decoded.envoy.config.core.v3.HeaderValueOption {
  // Envoy reads % as the beginning of a variable.
  const option = {
    header: { key, value: value.replaceAll("%", "%%") },
    appendAction: "OVERWRITE_IF_EXISTS_OR_ADD",
  } as const;
  const { decode, encode } = codec("envoy.config.core.v3.HeaderValueOption");
  return decode(encode(option));
}

/** A listener's HTTP connections write a line for each request to Envoy's standard output. */
export function withRequestLines(listener: Listener): Listener | undefined {
  const filterChains = listener.filterChains.map(chainWithLines);
  const defaultFilterChain = listener.defaultFilterChain && chainWithLines(listener.defaultFilterChain);
  const chains = [...filterChains, defaultFilterChain];
  const before = [...listener.filterChains, listener.defaultFilterChain];
  if (chains.every((chain, index) => chain === before[index])) return undefined;
  return { ...listener, filterChains, ...(defaultFilterChain && { defaultFilterChain }) };
}

/** The same object when it has no HTTP connections, or writes those lines already. */
function chainWithLines(chain: FilterChain): FilterChain {
  const filters = chain.filters.map(filterWithLines);
  return filters.every((filter, index) => filter === chain.filters[index]) ? chain : { ...chain, filters };
}

function filterWithLines(filter: Filter): Filter {
  const { typedConfig } = filter;
  if (!typedConfig?.typeUrl.endsWith(`/${managerType}`)) return filter;
  const manager = codec(managerType).decode(typedConfig.value, { keepUnknownFields: true });
  if (manager.accessLog.some(({ name }) => name === requestLine.name)) return filter;
  const { decode, encode } = codec("envoy.config.accesslog.v3.AccessLog");
  const accessLog = [...manager.accessLog, decode(encode(requestLine))];
  return {
    ...filter,
    typedConfig: { ...typedConfig, value: codec(managerType).encode({ ...manager, accessLog }) },
  };
}

const requestLine = {
  name: "example.extension.request-lines",
  typedConfig: packAny("envoy.extensions.access_loggers.stream.v3.StdoutAccessLog", {
    logFormat: {
      textFormatSource: {
        inlineString: `${lineStart}%REQ(:METHOD)% %REQ(:PATH)% %RESPONSE_CODE% %ROUTE_NAME%\n`,
      },
    },
  }),
};
