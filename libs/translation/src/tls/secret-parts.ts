import {
  type ConfigObject,
  type ConfigState,
  getObject,
  sealedTokens,
  secretFacts,
} from "@routeledger/config-model";
import { codec, type envoy } from "@routeledger/protos";
import { assert } from "@routeledger/std";
import type { Part } from "@routeledger/xds-model";
import { makePart } from "../parts.ts";
import { trustedCertificates } from "./ca-refs.ts";
import type { TlsSecret } from "./tls-secret.ts";

/** The objects that an SDS resource is made of. @param secret resolved at the state */
export function secretObjects(state: ConfigState, { resource, objects }: TlsSecret): readonly ConfigObject[] {
  return objects.map((ref) => {
    const object = getObject(state, ref);
    assert(object !== undefined, `a resolved reference of ${resource}`);
    return object;
  });
}

const secretMessages = codec("envoy.extensions.transport_sockets.tls.v3.Secret");

/** The SDS resource. A private key stands in it sealed; edges open it. */
export function secretPart({ type, resource }: TlsSecret, objects: readonly ConfigObject[]): Part {
  const message = {
    name: resource,
    ...(type === "certificate" ? tlsCertificate(objects) : trustedCa(objects)),
  };
  return makePart({ type: "secret", resource }, secretMessages.encode(message), objects);
}

function tlsCertificate([secret]: readonly ConfigObject[]): envoy.extensions.transport_sockets.tls.v3.Secret {
  const tls = secret && secretFacts(secret.object)?.tls;
  assert(tls !== undefined && !("problem" in tls), "a Secret with a sound certificate");
  const sealedKey = secret && sealedTokens(secret.object)["tls.key"];
  assert(sealedKey !== undefined, "a Secret with a sealed key");
  return {
    tlsCertificate: {
      certificateChain: { inlineString: tls.chain },
      privateKey: { inlineString: sealedKey },
    },
  };
}

function trustedCa(configMaps: readonly ConfigObject[]): envoy.extensions.transport_sockets.tls.v3.Secret {
  const chains = configMaps.map((configMap) => {
    const certificates = trustedCertificates(configMap);
    assert(!("problem" in certificates), "ConfigMaps with sound CA certificates");
    return certificates.certificates;
  });
  return { validationContext: { trustedCa: { inlineString: chains.join("") } } };
}
