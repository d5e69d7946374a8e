import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { codec, type MessageName, serviceMethods } from "@routeledger/protos";
import { concatBytes, fromHex, utf8 } from "@routeledger/std";
import type { Hook, ResourceQuestion } from "./hook-questions.ts";
import { hookMethods, hookPath, hookRequest } from "./hook-request.ts";

const object = '{"kind":"Widget"}';
const objects = [{ unstructuredBytes: utf8(object) }];
/** A field that no version of Envoy's API has. */
const unknownField = fromHex("faff0f03616263");

const named = {
  route: concatBytes([codec("envoy.config.route.v3.Route").encode({ name: "r" }), unknownField]),
  virtualHost: concatBytes([codec("envoy.config.route.v3.VirtualHost").encode({ name: "v" }), unknownField]),
  listener: concatBytes([codec("envoy.config.listener.v3.Listener").encode({ name: "l" }), unknownField]),
  cluster: concatBytes([codec("envoy.config.cluster.v3.Cluster").encode({ name: "c" }), unknownField]),
  endpoints: concatBytes([
    codec("envoy.config.endpoint.v3.ClusterLoadAssignment").encode({ clusterName: "c" }),
    unknownField,
  ]),
};

function decoded<Name extends MessageName>(type: Name, bytes: Uint8Array) {
  return codec(type).decode(bytes, { keepUnknownFields: true });
}

function resource<Name extends MessageName>(type: Name, bytes: Uint8Array) {
  return decoded(type, bytes);
}

const extensionResources = [object];

test("a route's question has the route as it is, its hostnames, and what extends it", () => {
  const question: ResourceQuestion = {
    ...{ hook: "Route", resource: named.route, extensionResources },
    ...{ hostnames: ["a.example", "b.example"], extensionPolicies: [object, object] },
  };
  deepEqual(decoded("envoygateway.extension.PostRouteModifyRequest", hookRequest(question)), {
    route: resource("envoy.config.route.v3.Route", named.route),
    postRouteContext: {
      extensionResources: objects,
      hostnames: ["a.example", "b.example"],
      extensionPolicies: [...objects, ...objects],
    },
  });
});

test("the other hooks' questions have their resource as it is, and a context, also an empty one", () => {
  const request = (question: ResourceQuestion): Uint8Array => hookRequest(question);
  deepEqual(
    decoded(
      "envoygateway.extension.PostVirtualHostModifyRequest",
      request({ hook: "VirtualHost", resource: named.virtualHost }),
    ),
    {
      virtualHost: resource("envoy.config.route.v3.VirtualHost", named.virtualHost),
      postVirtualHostContext: {},
    },
  );
  deepEqual(
    decoded(
      "envoygateway.extension.PostHTTPListenerModifyRequest",
      request({ hook: "HTTPListener", resource: named.listener, extensionResources }),
    ),
    {
      listener: resource("envoy.config.listener.v3.Listener", named.listener),
      postListenerContext: { extensionResources: objects },
    },
  );
  deepEqual(
    decoded(
      "envoygateway.extension.PostClusterModifyRequest",
      request({ hook: "Cluster", resource: named.cluster, extensionResources }),
    ),
    {
      cluster: resource("envoy.config.cluster.v3.Cluster", named.cluster),
      postClusterContext: { backendExtensionResources: objects },
    },
  );
  deepEqual(
    decoded(
      "envoygateway.extension.PostEndpointsModifyRequest",
      request({ hook: "Endpoints", resource: named.endpoints }),
    ),
    {
      loadAssignment: resource("envoy.config.endpoint.v3.ClusterLoadAssignment", named.endpoints),
      postEndpointsContext: {},
    },
  );
});

test("a translation's question has each list in the field of its own, in its order", () => {
  const secret = codec("envoy.extensions.transport_sockets.tls.v3.Secret").encode({ name: "s" });
  const table = codec("envoy.config.route.v3.RouteConfiguration").encode({ name: "t" });
  const other = codec("envoy.config.cluster.v3.Cluster").encode({ name: "b" });
  const bytes = hookRequest({
    ...{ hook: "Translation", extensionResources },
    resources: {
      clusters: [named.cluster, other],
      secrets: [secret],
      listeners: [named.listener],
      routes: [table],
    },
  });
  deepEqual(decoded("envoygateway.extension.PostTranslateModifyRequest", bytes), {
    postTranslateContext: { extensionResources: objects },
    clusters: [
      resource("envoy.config.cluster.v3.Cluster", named.cluster),
      resource("envoy.config.cluster.v3.Cluster", other),
    ],
    secrets: [resource("envoy.extensions.transport_sockets.tls.v3.Secret", secret)],
    listeners: [resource("envoy.config.listener.v3.Listener", named.listener)],
    routes: [resource("envoy.config.route.v3.RouteConfiguration", table)],
  });
});

test("each method of the protocol is one hook's", () => {
  const methods = serviceMethods("envoygateway.extension.EnvoyGatewayExtension");
  deepEqual(Object.values(hookMethods).sort(), methods.map(({ name }) => name).sort());
  const paths = (Object.keys(hookMethods) as Hook[]).map(hookPath);
  deepEqual(paths.sort(), methods.map(({ path }) => path).sort());
  equal(hookPath("Route"), "/envoygateway.extension.EnvoyGatewayExtension/PostRouteModify");
});
