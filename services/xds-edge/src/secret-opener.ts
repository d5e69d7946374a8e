/**
 * Secrets on their way to proxies (P11). The XDS log holds private keys as tokens, and so do this edge's copy of it,
 * its status and its logs; what streams are given holds them opened, in memory only, under the logged digest: versions
 * are equal at all edges. What may not be sent is withheld: neither sent nor said to be missing, so that the proxy keeps
 * what it has, or waits.
 */
import { codec } from "@routeledger/protos";
import type { Logger } from "@routeledger/service-kit";
import { by, inOrder, type Keyring, tokenKeyId } from "@routeledger/std";
import type { Resource, RetiringResource, Snapshot, TypeSnapshot } from "@routeledger/xds-model";

/** `sealed`: it does not open with this edge's keys; `inClear`: it holds a key, and proxies connect without TLS. */
export type WithheldReason = "sealed" | "inClear";

export interface WithheldSecret {
  readonly nodeGroup: string;
  /** Of the xDS resource. */
  readonly name: string;
  readonly reason: WithheldReason;
  /** For people; shows no value. */
  readonly why: string;
}

export interface SecretOpenerOptions {
  /** Opens tokens; undefined: none. May change, `forget` says when. */
  readonly keys: { readonly keyring: Keyring } | undefined;
  /** Whether private keys may be sent at all. */
  readonly maySendKeys: boolean;
  readonly logger: Logger;
  /** Called for each resource that is withheld, when it is first looked at, and again after `forget`. */
  readonly onWithheld?: ((secret: WithheldSecret) => void) | undefined;
}

/** What becomes of one resource. */
type Outcome =
  | { readonly outcome: "public" }
  | { readonly outcome: "opened"; readonly bytes: Uint8Array }
  | { readonly outcome: "withheld"; readonly reason: WithheldReason; readonly why: string };

const secretCodec = codec("envoy.extensions.transport_sockets.tls.v3.Secret");
const inClear =
  "proxies connect without TLS: --edge-tls-cert-file encrypts, --edge-secrets-in-clear allows it";
const secretName = /^secret\/([^/]+)\/([^/]+)$/;

/** Makes what streams serve of what the log says. Remembers what it made: equal input gives the same instances. */
export class SecretOpener {
  readonly #options: SecretOpenerOptions;
  #resources = new WeakMap<Resource, Resource>();
  #types = new WeakMap<TypeSnapshot, TypeSnapshot>();
  #snapshots = new WeakMap<Snapshot, Snapshot>();
  #withheld = new WeakMap<Resource, WithheldSecret>();

  constructor(options: SecretOpenerOptions) {
    this.#options = options;
  }

  /** What streams of the group get. The same instance where it holds no secrets. */
  served(snapshot: Snapshot): Snapshot {
    const { types, retiring, nodeGroup } = snapshot;
    if (types.secret.resources.size + retiring.secret.size === 0) return snapshot;
    const known = this.#snapshots.get(snapshot);
    if (known !== undefined) return known;
    const made = {
      ...snapshot,
      types: { ...types, secret: this.#typeOf(types.secret, nodeGroup) },
      retiring: { ...retiring, secret: this.#retiringOf(retiring.secret, nodeGroup) },
    };
    this.#snapshots.set(snapshot, made);
    return made;
  }

  /** What is withheld of snapshots, sorted by node group and name. */
  withheld(snapshots: Iterable<Snapshot>): WithheldSecret[] {
    const found: WithheldSecret[] = [];
    for (const snapshot of snapshots) {
      this.served(snapshot);
      for (const resource of snapshot.types.secret.resources.values()) {
        const secret = this.#withheld.get(resource);
        if (secret !== undefined) found.push(secret);
      }
    }
    return found.sort(
      inOrder(
        by(({ nodeGroup }) => nodeGroup),
        by(({ name }) => name),
      ),
    );
  }

  /** To be called when the keys changed: all is opened anew. */
  forget(): void {
    this.#resources = new WeakMap();
    this.#types = new WeakMap();
    this.#snapshots = new WeakMap();
    this.#withheld = new WeakMap();
  }

  #typeOf(type: TypeSnapshot, nodeGroup: string): TypeSnapshot {
    const known = this.#types.get(type);
    if (known !== undefined) return known;
    const resources = new Map<string, Resource>();
    for (const [name, resource] of type.resources) resources.set(name, this.#resourceOf(resource, nodeGroup));
    const made = { ...type, resources };
    this.#types.set(type, made);
    return made;
  }

  #retiringOf(
    retiring: ReadonlyMap<string, RetiringResource>,
    nodeGroup: string,
  ): ReadonlyMap<string, RetiringResource> {
    const made = new Map<string, RetiringResource>();
    for (const [name, one] of retiring)
      made.set(name, { ...one, resource: this.#resourceOf(one.resource, nodeGroup) });
    return made;
  }

  #resourceOf(resource: Resource, nodeGroup: string): Resource {
    const known = this.#resources.get(resource);
    if (known !== undefined) return known;
    const made = this.#made(resource, nodeGroup);
    this.#resources.set(resource, made);
    return made;
  }

  #made(resource: Resource, nodeGroup: string): Resource {
    const found = this.#outcomeOf(resource);
    if (found.outcome === "public") return resource;
    const { type, name, parts, digest, changedAt, version, references, warmsByItself } = resource;
    const same = { type, name, parts, digest, changedAt, version, references, warmsByItself };
    if (found.outcome === "opened") return { ...same, bytes: found.bytes };
    const secret = { nodeGroup, name, reason: found.reason, why: found.why };
    this.#withheld.set(resource, secret);
    this.#options.logger.warn({ ...secret, version }, "a secret is withheld: proxies that ask for it wait");
    this.#options.onWithheld?.(secret);
    return { ...same, bytes: resource.bytes, isWithheld: true };
  }

  #outcomeOf({ name, bytes }: Resource): Outcome {
    const { keys, maySendKeys } = this.#options;
    let secret: ReturnType<typeof secretCodec.decode>;
    try {
      secret = secretCodec.decode(bytes);
    } catch {
      return { outcome: "withheld", reason: "sealed", why: "it is not readable as a Secret of Envoy" };
    }
    if (secret.validationContext) return { outcome: "public" };
    if (!maySendKeys) return { outcome: "withheld", reason: "inClear", why: inClear };
    const token = tokenOf(secret.tlsCertificate?.privateKey?.inlineString);
    // What is no token is no key of a Secret's: nobody sealed it, and it is sent as the log has it.
    if (token === undefined) return { outcome: "public" };
    const [, namespace, object] = secretName.exec(name) ?? [];
    const sealed = (why: string): Outcome => ({ outcome: "withheld", reason: "sealed", why });
    if (namespace === undefined) return sealed("its name is not secret/<namespace>/<name>");
    if (keys === undefined) return sealed("this edge has no keys: --secrets-key-file names them");
    const opened = keys.keyring.open(`${namespace}/${object}/tls.key`, token);
    if ("problem" in opened) return sealed(opened.problem);
    const tlsCertificate = { ...secret.tlsCertificate, privateKey: { inlineBytes: opened.value } };
    return { outcome: "opened", bytes: secretCodec.encode({ ...secret, tlsCertificate }) };
  }
}

function tokenOf(text: string | null | undefined): string | undefined {
  return typeof text === "string" && tokenKeyId(text) !== undefined ? text : undefined;
}
