import { type envoy, packAny } from "@routeledger/protos";

/**
 * A line's fields, by name, as Envoy's command operators. Route, node and time tie a request to what the recorded
 * deliveries say of that proxy. Only CEL knows the node's id.
 */
const fields: Readonly<Record<string, string>> = {
  authority: "%REQ(:AUTHORITY)%",
  bytes_received: "%BYTES_RECEIVED%",
  bytes_sent: "%BYTES_SENT%",
  downstream: "%DOWNSTREAM_REMOTE_ADDRESS%",
  duration_ms: "%DURATION%",
  flags: "%RESPONSE_FLAGS%",
  method: "%REQ(:METHOD)%",
  node: "%CEL(xds.node.id)%",
  path: "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%",
  protocol: "%PROTOCOL%",
  request_id: "%REQ(X-REQUEST-ID)%",
  response_details: "%RESPONSE_CODE_DETAILS%",
  route: "%ROUTE_NAME%",
  start_time: "%START_TIME%",
  status: "%RESPONSE_CODE%",
  upstream_cluster: "%UPSTREAM_CLUSTER_RAW%",
  upstream_host: "%UPSTREAM_HOST%",
  user_agent: "%REQ(USER-AGENT)%",
};

const cel = "envoy.extensions.formatter.cel.v3.Cel";

const stdoutLog = "envoy.extensions.access_loggers.stream.v3.StdoutAccessLog";

const jsonLog: envoy.config.accesslog.v3.AccessLog = {
  name: "envoy.access_loggers.stdout",
  typedConfig: packAny(stdoutLog, {
    logFormat: {
      formatters: [{ name: "envoy.formatter.cel", typedConfig: packAny(cel, {}) }],
      jsonFormat: {
        fields: Object.fromEntries(
          Object.entries(fields).map(([name, stringValue]) => [name, { stringValue }]),
        ),
      },
    },
  }),
};

/** Every request, on a connection manager (G119). */
export const requestLog: readonly envoy.config.accesslog.v3.AccessLog[] = [jsonLog];

/** Connections that reach no connection manager, on a listener (G119). */
export const connectionLog: readonly envoy.config.accesslog.v3.AccessLog[] = [
  { ...jsonLog, filter: { responseFlagFilter: { flags: ["NR"] } } },
];
