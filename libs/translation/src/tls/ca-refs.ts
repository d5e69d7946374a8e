import { type ConfigObject, compareRefs, type ObjectRef, readCertificates } from "@routeledger/config-model";
import type { JsonObject, JsonValue } from "@routeledger/std";
import { referredObject } from "../backends/reference-grant.ts";
import { Problem } from "../problem.ts";
import type { StateReader } from "../state-reader.ts";
import { objectOf, objectsOf, shown, textOf } from "../untrusted.ts";
import { type TlsSecret, trustedCaResource } from "./tls-secret.ts";

/** References that are looked at: what the schemas allow. */
const caRefsMax = 16;

export interface TrustedCa {
  /** All valid references together; undefined when none is: what they are for fails closed (G94, G98). */
  readonly secret: TlsSecret | undefined;
  readonly problems: readonly Problem[];
}

/**
 * What a list of references to CA certificates means: ConfigMaps with `ca.crt`.
 * @param reasons for a kind that holds none, and for what is missing or broken; a missing grant is `RefNotPermitted`
 */
export function resolveTrustedCa(
  reader: StateReader,
  from: ConfigObject,
  of: {
    readonly field: string;
    readonly refs: JsonValue | undefined;
    readonly reasons: { readonly kind: string; readonly ref: string };
  },
): TrustedCa {
  const resolved = objectsOf(of.refs)
    .slice(0, caRefsMax)
    .map((ref, index) => resolveOne(reader, from, { ...of, field: `${of.field}[${index}]`, ref }));
  const problems = resolved.filter((one) => one instanceof Problem);
  const valid = new Map(
    resolved.flatMap((one): [string, ObjectRef][] =>
      one instanceof Problem ? [] : [[`${one.namespace}/${one.name}`, one]],
    ),
  );
  const objects = [...valid.values()].sort(compareRefs);
  const secret: TlsSecret = { type: "trustedCa", resource: trustedCaResource(objects), objects };
  return { secret: objects.length === 0 ? undefined : secret, problems };
}

function resolveOne(
  reader: StateReader,
  from: ConfigObject,
  { field, ref, reasons }: { field: string; ref: JsonObject; reasons: { kind: string; ref: string } },
): ObjectRef | Problem {
  const group = textOf(ref.group) ?? "";
  const kind = textOf(ref.kind) ?? "";
  if (group !== "" || kind !== "ConfigMap") {
    const written = group === "" ? kind : `${group}/${kind}`;
    return new Problem(
      reasons.kind,
      `${field}: kind ${shown(written)} holds no CA certificates, a ConfigMap does`,
    );
  }
  const configMap = referredObject(reader, from, { field, ref, group, kind, missing: reasons.ref });
  if (configMap instanceof Problem) return configMap;
  const { namespace, name } = configMap;
  const title = `ConfigMap ${namespace}/${name}`;
  const certificates = trustedCertificates(configMap);
  return "problem" in certificates
    ? new Problem(reasons.ref, `${field}: ${title}: ca.crt: ${certificates.problem}`)
    : { group, kind, namespace, name };
}

const known = new WeakMap<ConfigObject, ReturnType<typeof readCertificates>>();

/** The CA certificates of a ConfigMap, or what is wrong with them. */
export function trustedCertificates(configMap: ConfigObject): ReturnType<typeof readCertificates> {
  let certificates = known.get(configMap);
  if (certificates === undefined) {
    certificates = readCertificates(textOf(objectOf(configMap.object.data)["ca.crt"]) ?? "");
    known.set(configMap, certificates);
  }
  return certificates;
}
