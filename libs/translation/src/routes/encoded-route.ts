import { codec } from "@routeledger/protos";
import { placedRoute, type RouteEntry, type RoutePlace } from "./route-entry.ts";

const routes = codec("envoy.config.route.v3.Route");

const known = new WeakMap<RouteEntry, Map<string, Uint8Array>>();

/** The Envoy route in a virtual host, encoded once: only a redirect depends on where it is put (G15, G47). */
export function encodedRoute(entry: RouteEntry, place: RoutePlace): Uint8Array {
  let places = known.get(entry);
  if (places === undefined) {
    places = new Map();
    known.set(entry, places);
  }
  const { scheme, port, domain } = place;
  const key = entry.redirect === undefined ? "" : `${scheme} ${port} ${domain}`;
  let bytes = places.get(key);
  if (bytes === undefined) {
    bytes = routes.encode(placedRoute(entry, place));
    places.set(key, bytes);
  }
  return bytes;
}
