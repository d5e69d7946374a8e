import type { JsonObject } from "@routeledger/std";

/**
 * How each HTTP and HTTPS listener of a Gateway's spec is asked, in its order: on the first IP address, on loopback where
 * it has none. A spec of a log is not trusted.
 */
export function curlsOf(spec: unknown): string[] {
  const { listeners, addresses } = (spec ?? {}) as { listeners?: unknown; addresses?: unknown };
  const address = firstAddress(addresses);
  return objectsIn(listeners).flatMap(({ protocol, port, hostname }) => {
    if ((protocol !== "HTTP" && protocol !== "HTTPS") || typeof port !== "number") return [];
    const host = typeof hostname === "string" ? hostname.replace(/^\*/, "www") : undefined;
    if (protocol === "HTTPS") return [httpsCurl(address, port, host)];
    const url = `http://${address}${port === 80 ? "" : `:${port}`}/`;
    return [host === undefined ? `curl ${url}` : `curl -H 'host: ${host}' ${url}`];
  });
}

/** The name must be in the handshake, so it is in the URL. */
function httpsCurl(address: string, port: number, host: string | undefined): string {
  const authority = `${host ?? address}${port === 443 ? "" : `:${port}`}`;
  const resolve = host === undefined ? "" : `--resolve '${host}:${port}:${address}' `;
  return `curl -k ${resolve}https://${authority}/`;
}

function firstAddress(addresses: unknown): string {
  const ip = objectsIn(addresses).find(
    ({ type = "IPAddress", value }) => type === "IPAddress" && typeof value === "string" && value !== "",
  );
  const address = String(ip?.value ?? "127.0.0.1");
  return address.includes(":") ? `[${address}]` : address;
}

function objectsIn(list: unknown): JsonObject[] {
  const items: unknown[] = Array.isArray(list) ? list : [];
  return items.filter((item): item is JsonObject => typeof item === "object" && item !== null);
}
