import { type ConfigState, firstGeneration, generationName } from "@routeledger/config-model";
import type { StateReader } from "../state-reader.ts";
import type { Upstream } from "./upstream.ts";

/** Key of a read of which generations of a cluster are in use. @param name without a generation */
export function generationKey(name: string): string {
  return `cluster generation ${name}`;
}

/** Names without a generation that mean something else in one state than in an earlier one; some may not. */
export function changedGenerations(before: ConfigState, after: ConfigState): string[] {
  const changed = after.clusterGenerations.changesSince(before.clusterGenerations).map(({ key }) => key);
  const tried = [before, after].map(triedNames);
  const [was = [], is = []] = tried;
  const turned = [...was.filter((name) => !is.includes(name)), ...is.filter((name) => !was.includes(name))];
  return [...new Set([...changed, ...turned])];
}

function triedNames({ openSwitch }: ConfigState): string[] {
  if (openSwitch?.phase !== "tried") return [];
  return openSwitch.plan.clusters.filter(({ tried }) => tried).map(({ name }) => name);
}

/** Which generation of a cluster is in use, and which one is tried on it. */
interface Generations {
  readonly inUse: number;
  /** Undefined: none. */
  readonly tried: number | undefined;
  readonly cleared: boolean;
}

function generationsOf({ clusterGenerations, openSwitch }: ConfigState, name: string): Generations {
  const { inUse } = clusterGenerations.get(name) ?? firstGeneration;
  const isTrying = openSwitch?.phase === "tried";
  const cluster = isTrying
    ? openSwitch.plan.clusters.find((one) => one.tried && one.name === name)
    : undefined;
  return { inUse, tried: cluster?.generation, cleared: cluster?.cleared ?? false };
}

/** The name of the aggregate cluster by which a generation is tried (SW9). */
export function trialName(name: string, generation: number): string {
  return `${generationName(name, generation)}/trial`;
}

const known = new WeakMap<Upstream, Map<string, Upstream>>();

/**
 * The upstream under the name of the generation that is in use, and of what routes to it name while another one is tried.
 * The same upstream and generations give the same instance.
 */
export function namedUpstream(reader: StateReader, upstream: Upstream): Upstream {
  const { name } = upstream;
  const key = reader.derived(generationKey(name), (state) => {
    const { inUse, tried, cleared } = generationsOf(state, name);
    return tried === undefined ? `${inUse}` : `${inUse} ${tried}${cleared ? " 1" : ""}`;
  });
  if (key === "1") return upstream;
  let variants = known.get(upstream);
  if (variants === undefined) {
    variants = new Map();
    known.set(upstream, variants);
  }
  let named = variants.get(key);
  if (named === undefined) {
    const [inUse = 1, tried, cleared] = key.split(" ").map(Number);
    named = {
      ...upstream,
      name: generationName(name, inUse),
      ...(tried === undefined ? {} : { trial: { cluster: trialName(name, tried), cleared: cleared === 1 } }),
    };
    variants.set(key, named);
  }
  return named;
}
