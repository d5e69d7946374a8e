import type { ConfigObject } from "@routeledger/config-model";
import type { envoy } from "@routeledger/protos";
import { isServed, Problem } from "../problem.ts";
import type { Mirror } from "../routes/mirror.ts";
import type { StateReader } from "../state-reader.ts";
import { resolveBackendRef } from "./backend-ref.ts";
import { routedCluster, type Upstream } from "./upstream.ts";

/** The mirrors of a rule, resolved. */
export interface ResolvedMirrors {
  readonly policies: readonly envoy.config.route.v3.RouteAction.RequestMirrorPolicy[];
  /** What the policies refer to. */
  readonly upstreams: readonly Upstream[];
  /** Mirrors whose backend is invalid: they are left out, the rule goes on serving (G56). */
  readonly problems: readonly Problem[];
}

/** Each mirror of a rule as Envoy does it (G55), in the order of the filters. A mirror of no requests is none. */
export function resolveMirrors(
  reader: StateReader,
  route: ConfigObject,
  mirrors: readonly Mirror[],
): ResolvedMirrors {
  const resolved = mirrors.map(({ field, backendRef, fraction }) => ({
    fraction,
    upstream: resolveBackendRef(reader, route, { field, ref: backendRef }),
  }));
  const served = resolved.flatMap(({ upstream, fraction }) =>
    isServed(upstream) && fraction?.numerator !== 0 ? [{ upstream, fraction }] : [],
  );
  return {
    policies: served.map(({ upstream, fraction }) => ({
      cluster: routedCluster(upstream),
      ...(fraction === undefined ? {} : { runtimeFraction: { defaultValue: fraction } }),
      // The mirror sees the host that the client named, as the backend does.
      disableShadowHostSuffixAppend: true,
    })),
    upstreams: served.map(({ upstream }) => upstream),
    problems: resolved.map(({ upstream }) => upstream).filter((upstream) => upstream instanceof Problem),
  };
}
