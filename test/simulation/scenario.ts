/**
 * Short scenarios that say what Envoy sends when a server makes certain moves. Each runs against the model
 * (`play-model.ts`) and against real Envoys with a server that does exactly what is written here; the requests that
 * the two send must be equal, or the model lies.
 *
 * How a real Envoy is driven:
 * - Bootstrap: `lds_config` and `cds_config` are `ads: {}` with `resource_api_version: V3` and
 *   `initial_fetch_timeout: 0s`, one ADS cluster (static, not EDS), `api_type` GRPC (sotw) or DELTA_GRPC (delta),
 *   `set_node_on_first_message_only: true`. Drain time 1 s, strategy immediate (`drainMs`).
 * - The server answers nothing by itself. Move 0 is that Envoy's first stream opens.
 * - `send`: writes these responses one directly after another. The n-th response of the scenario (from 1, counted on
 *   over reconnects) has nonce `n`, and version `vn` in `version_info`, `system_version_info` and as version of each
 *   of its resources. `parts` are encoded resources: `part.bytes` is the value of the Any.
 * - `reconnect`: the server ends the stream with UNAVAILABLE, and waits for the next one to open.
 * - `pass`: nothing happens for so many milliseconds.
 * - After each move, `pass` too, wait until `quietMs` went by without a request. The requests since the former move
 *   are what that move is compared by.
 *
 * How they are compared: `differences(model, envoy)`. For each move and each type the requests in their order, as
 * `textOfRequest` words them: names sorted; the nonce as the number of the response that it answers; whether there
 * is an error_detail, never its words; in SotW `version_info`, in delta `initial_resource_versions`. The order of
 * requests of different types is not compared, nor is `node`.
 */
import { type Part, type ResourceType, resourceTypes, typeNames } from "@routeledger/xds-model";
import type { DeltaRequest, Protocol, SotwRequest } from "@routeledger/xds-stream";

/** How long nothing must come until a move is over, milliseconds. */
export const quietMs = 300;
/** Drain time of the Envoys, milliseconds. */
export const drainMs = 1_000;

export interface ScriptedResponse {
  readonly type: ResourceType;
  readonly parts: readonly Part[];
  /** Delta only. */
  readonly removed?: readonly string[];
}

export type Move =
  | { readonly do: "send"; readonly responses: readonly ScriptedResponse[] }
  | { readonly do: "reconnect" }
  | { readonly do: "pass"; readonly ms: number };

export interface Scenario {
  /** A sentence: what Envoy does, with the number in the xDS rules that says so. */
  readonly name: string;
  /** Both when absent. */
  readonly protocols?: readonly Protocol[];
  readonly moves: readonly Move[];
}

/** One request, the same whether the model or an Envoy sent it. */
export interface SeenRequest {
  readonly type: ResourceType;
  /** SotW: all names; delta: those of subscribe. Sorted. */
  readonly names: readonly string[];
  /** Delta only; sorted. */
  readonly unsubscribed: readonly string[];
  /** Nonce of the response that it answers: its number; empty for none. */
  readonly nonce: string;
  readonly isError: boolean;
  /** SotW: `version_info`; delta: `initial_resource_versions` as `name=version`, sorted, joined by a comma. */
  readonly held: string;
}

/** What was sent after each move; element 0 is what came when the first stream opened. */
export type Trace = readonly (readonly SeenRequest[])[];

/** Reads a decoded request of either kind. */
export function seenRequest(type: ResourceType, request: SotwRequest | DeltaRequest): SeenRequest {
  const common = { type, nonce: request.responseNonce, isError: request.errorDetail !== undefined };
  if ("resourceNames" in request)
    return {
      ...common,
      names: [...request.resourceNames].sort(),
      unsubscribed: [],
      held: request.versionInfo,
    };
  const versions = Object.entries(request.initialResourceVersions).map(
    ([name, version]) => `${name}=${version}`,
  );
  return {
    ...common,
    names: [...request.resourceNamesSubscribe].sort(),
    unsubscribed: [...request.resourceNamesUnsubscribe].sort(),
    held: versions.sort().join(","),
  };
}

/** `EDS a,b -c answers 3 with an error, holds v2` */
export function textOfRequest({ type, names, unsubscribed, nonce, isError, held }: SeenRequest): string {
  const gone = unsubscribed.map((name) => ` -${name}`).join("");
  const answer = nonce === "" ? "" : ` answers ${nonce}`;
  const error = isError ? " with an error" : "";
  return `${typeNames[type]} ${names.join(",")}${gone}${answer}${error}${held === "" ? "" : `, holds ${held}`}`;
}

/** One line a difference, `move 2, EDS: the model sends [...], Envoy [...]`; empty when the traces are equal. */
export function differences(model: Trace, envoy: Trace): string[] {
  const found: string[] = [];
  for (let move = 0; move < Math.max(model.length, envoy.length); move++) {
    for (const type of resourceTypes) {
      const mine = textsOf(model[move], type);
      const theirs = textsOf(envoy[move], type);
      if (mine === theirs) continue;
      found.push(`move ${move}, ${typeNames[type]}: the model sends [${mine}], Envoy [${theirs}]`);
    }
  }
  return found;
}

function textsOf(requests: readonly SeenRequest[] | undefined, type: ResourceType): string {
  return (requests ?? [])
    .filter((request) => request.type === type)
    .map(textOfRequest)
    .join("; ");
}
