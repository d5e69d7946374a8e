import type { ConfigObject } from "@routeledger/config-model";
import type { Upstream } from "../backends/upstream.ts";
import { namespaceKey } from "../dependents.ts";
import { WeakMemo } from "../memo-table.ts";
import { Problem } from "../problem.ts";
import type { StateReader } from "../state-reader.ts";
import { type PolicyTls, resolvePolicy } from "./backend-tls-policy.ts";
import { resolveBackendCertificate, resolveBackendTrust } from "./backend-tls-settings.ts";
import { policyFor, policyKind } from "./policy-index.ts";
import type { TlsSecret } from "./tls-secret.ts";
import type { UpstreamTls, UpstreamTrust } from "./upstream-tls.ts";

/** An upstream that must not be reached, since its TLS is not in order: 5xx, never plain text (G98). */
export class InsecureUpstream extends Problem {
  readonly upstream: Upstream;

  constructor(reason: string, message: string, upstream: Upstream) {
    super(reason, message);
    this.upstream = upstream;
  }
}

/**
 * The upstream as it may be reached: with TLS where a BackendTLSPolicy or the Backend itself asks for it, wherever it
 * is a backend (G97). Equal input gives the same instance.
 * @param upstream in plain text
 */
export function secureUpstream(reader: StateReader, upstream: Upstream): Upstream | Problem {
  const { owner } = upstream;
  const port = portName(upstream);
  const policies = namespaceKey(policyKind, owner.namespace);
  const policy = reader.derived(policies, (state) => policyFor(state, owner, port));
  const { settings } = upstream;
  if (policy === undefined && settings === undefined) {
    if (!upstream.encrypted) return upstream;
    const message = `${titleOf(upstream)}: its appProtocol asks for TLS, and no BackendTLSPolicy says how`;
    return new InsecureUpstream("UnsupportedProtocol", message, upstream);
  }
  const asked = policy && resolvePolicy(reader, policy).tls;
  if (asked instanceof Problem) {
    const message = `${titleOf(upstream)}: BackendTLSPolicy ${policy?.name} is not accepted: ${asked.message}`;
    return new InsecureUpstream(reason, message, upstream);
  }
  const own = settings && ownTls(reader, owner, { settings, asked });
  const trust = asked?.trust ?? own?.trust;
  const problem = [own?.trust, own?.certificate].find((one) => one instanceof Problem);
  if (problem !== undefined || trust === undefined || trust instanceof Problem) {
    const why = problem?.message ?? "tls names no CA certificates";
    return new InsecureUpstream(reason, `${titleOf(upstream)}: ${why}`, upstream);
  }
  const certificate = own?.certificate instanceof Problem ? undefined : own?.certificate;
  const inputs = [
    policy,
    trust.type,
    trust.type === "secret" && trust.secret.resource,
    certificate?.resource,
  ];
  return secured.get(upstream, inputs, () => {
    const tls = upstreamTls(upstream, { asked, trust, certificate, policy });
    return { ...upstream, tls };
  });
}

/** The word of a route's ResolvedRefs: Envoy Gateway's. */
const reason = "InvalidBackendTLS";

const secured = new WeakMemo();

/** Name of the Service's port; empty when it has none, as that of a Backend. */
export function portName({ endpoints }: Upstream): string {
  return endpoints.type === "service" ? endpoints.port.name : "";
}

function titleOf({ owner, endpoints }: Upstream): string {
  const title = `${owner.kind} ${owner.namespace}/${owner.name}`;
  return endpoints.type === "service" ? `${title} port ${endpoints.port.port}` : title;
}

/** What a policy says replaces what the Backend says (G98: a policy that checks is never outvoted). */
function ownTls(
  reader: StateReader,
  backend: ConfigObject,
  {
    settings,
    asked,
  }: { readonly settings: NonNullable<Upstream["settings"]>; readonly asked: PolicyTls | undefined },
): {
  readonly trust: UpstreamTrust | Problem | undefined;
  readonly certificate: TlsSecret | Problem | undefined;
} {
  return {
    trust: asked === undefined ? resolveBackendTrust(reader, backend, settings) : undefined,
    certificate: resolveBackendCertificate(reader, backend),
  };
}

function upstreamTls(
  { settings }: Upstream,
  of: {
    readonly asked: PolicyTls | undefined;
    readonly trust: UpstreamTrust;
    readonly certificate: TlsSecret | undefined;
    readonly policy: ConfigObject | undefined;
  },
): UpstreamTls {
  const sni = of.asked?.sni ?? settings?.sni;
  const checked = of.trust.type !== "anybody" && sni !== undefined;
  return {
    sni,
    trust: of.trust,
    names: of.asked?.names ?? (checked ? [{ type: "DNS", name: sni }] : []),
    minVersion: settings?.minVersion ?? "1.2",
    maxVersion: settings?.maxVersion ?? "1.3",
    clientCertificate: of.certificate,
    policy: of.policy,
  };
}
