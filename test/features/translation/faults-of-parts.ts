import { codec, fieldViolations, toJson } from "@routeledger/protos";
import { messageNames } from "@routeledger/translation/testing";
import { danglingReferences, type Part } from "@routeledger/xds-model";
import { snapshotOf } from "@routeledger/xds-model/testing";

/** What is wrong with the resources of a node group that can be said without an Envoy; empty when nothing is. */
export function faultsOf(parts: readonly Part[]): string[] {
  const dangling = danglingReferences(snapshotOf(parts, 1)).map(
    ({ from, to }) => `${from.type} ${from.name} refers to ${to.type} ${to.name}, which is not there`,
  );
  return [...dangling, ...parts.flatMap(violations), ...sharedDomains(parts), ...sharedMatches(parts)];
}

function violations({ type, resource, virtualHost, bytes }: Part): string[] {
  const name = virtualHost === "" ? messageNames[type] : "envoy.config.route.v3.VirtualHost";
  const found = fieldViolations(name, codec(name).decode(bytes));
  return found.map(({ path, message }) => `${type} ${resource} ${virtualHost}: ${path}: ${message}`);
}

/** Rule G21: a domain, and a virtual host's name, once in a table. */
function sharedDomains(parts: readonly Part[]): string[] {
  const hosts = parts.filter(({ virtualHost }) => virtualHost !== "");
  const claims = hosts.flatMap(({ resource, bytes }) => {
    const { name, domains } = codec("envoy.config.route.v3.VirtualHost").decode(bytes);
    return [`${resource} has name ${name}`, ...domains.map((domain) => `${resource} has domain ${domain}`)];
  });
  return twice(claims.map((claim) => claim.toLowerCase()));
}

/** Rule G88: the chains of a listener differ in what they match, and there is one. */
function sharedMatches(parts: readonly Part[]): string[] {
  return parts
    .filter(({ type }) => type === "listener")
    .flatMap(({ resource, bytes }) => {
      const { filterChains } = codec("envoy.config.listener.v3.Listener").decode(bytes);
      if (filterChains.length === 0) return [`${resource} has no filter chain`];
      const matches = filterChains.map(({ filterChainMatch }) =>
        JSON.stringify(toJson("envoy.config.listener.v3.FilterChainMatch", filterChainMatch ?? {})),
      );
      return twice(matches.map((match) => `${resource} matches ${match}`));
    });
}

function twice(claims: readonly string[]): string[] {
  return claims.filter((claim, index) => claims.indexOf(claim) !== index).map((claim) => `${claim}, twice`);
}
