import { type ConfigObject, kindKey } from "@routeledger/config-model";
import type { JsonObject } from "@routeledger/std";
import { extensionUpstream, isExtensionBackend } from "../extensions/extension-backend.ts";
import { fieldProblem } from "../field-rules.ts";
import { envoyGatewayGroup } from "../kinds.ts";
import { Problem, unsupported } from "../problem.ts";
import type { StateReader } from "../state-reader.ts";
import { secureUpstream } from "../tls/secure-upstream.ts";
import { portOf, shown, textOf } from "../untrusted.ts";
import { backendUpstream } from "./backend-upstream.ts";
import { envoyCluster, plainGateway } from "./cluster.ts";
import { namedUpstream } from "./cluster-generation.ts";
import { grpcUpstream } from "./grpc-upstream.ts";
import { referredObject } from "./reference-grant.ts";
import { serviceUpstream } from "./service-upstream.ts";
import type { Upstream } from "./upstream.ts";

/** What a backendRef of a route reaches, or why its share of requests fails (G64). */
export function resolveBackendRef(
  reader: StateReader,
  route: ConfigObject,
  { field, ref }: { readonly field: string; readonly ref: JsonObject },
): Upstream | Problem {
  const group = textOf(ref.group) ?? "";
  const kind = textOf(ref.kind) ?? "Service";
  const isService = group === "" && kind === "Service";
  const isBackend = group === envoyGatewayGroup && kind === "Backend";
  const isCustom = isExtensionBackend(reader, kindKey(group, kind));
  if (!isService && !isBackend && !isCustom) {
    return new Problem(
      "InvalidKind",
      `${field}: kind ${shown(group === "" ? kind : `${group}/${kind}`)} is not served`,
    );
  }
  const object = referredObject(reader, route, { field, ref, group, kind, missing: "BackendNotFound" });
  if (object instanceof Problem) return object;
  if (isCustom) return extensionUpstream(object);
  const title = `${kind} ${object.namespace}/${object.name}`;
  const reached = isBackend ? backendUpstream(object) : resolveService(object, { field, ref });
  if (reached instanceof Problem) {
    // Conditions of routes have no word for an invalid Backend.
    return reached.reason === "Invalid" ? unsupported(reached.message) : reached;
  }
  const upstream = route.kind === "GRPCRoute" ? grpcUpstream(title, reached) : reached;
  if (upstream instanceof Problem) return upstream;
  const secure = secureUpstream(reader, upstream);
  if (secure instanceof Problem) return secure;
  return clusterProblem(title, secure) ?? namedUpstream(reader, secure);
}

function resolveService(
  service: ConfigObject,
  { field, ref }: { readonly field: string; readonly ref: JsonObject },
): Upstream | Problem {
  const port = portOf(ref.port);
  if (port === undefined)
    return new Problem("BackendNotFound", `${field}.port: ${shown(ref.port)} is no port`);
  return serviceUpstream(service, port);
}

const clusterProblems = new WeakMap<Upstream, { readonly problem: Problem | undefined }>();

function clusterProblem(title: string, upstream: Upstream): Problem | undefined {
  let known = clusterProblems.get(upstream);
  if (known === undefined) {
    known = {
      problem: fieldProblem(title, "envoy.config.cluster.v3.Cluster", envoyCluster(upstream, plainGateway)),
    };
    clusterProblems.set(upstream, known);
  }
  return known.problem;
}
