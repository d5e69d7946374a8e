import { type ConfigState, decodeConfigEvent, evolve, objectsOfKind } from "@routeledger/config-model";
import { configKinds, type EventLog, LogFollower } from "@routeledger/event-log";
import { nodeGroups } from "@routeledger/translation";
import { readState } from "@routeledger/translator";

/** A Gateway that wants an Envoy, and where people reach it from this machine. */
export interface GatewayView {
  /** namespace/name. */
  readonly gateway: string;
  /** A command line for each HTTP listener, in the Gateway's order. */
  readonly curls: readonly string[];
}

/** Tells the Gateways of this controller, first as they are, then whenever they change. Ends with the signal. */
export async function watchGateways(
  config: EventLog,
  signal: AbortSignal,
  onChange: (gateways: readonly GatewayView[]) => void,
): Promise<void> {
  const { lastSequence } = await config.info();
  const start = await readState(config, lastSequence);
  let { state } = start;
  let told = "";
  const tell = (): void => {
    const views = gatewayViews(state);
    const text = JSON.stringify(views);
    if (text !== told) onChange(views);
    told = text;
  };
  tell();
  const follower = new LogFollower(config, {
    from: start.tail,
    kinds: configKinds,
    handle: (items) => {
      for (const item of items) {
        if (item.type === "commit") state = evolve(state, decodeConfigEvent(item.commit));
      }
      tell();
    },
  });
  await follower.run({ signal });
}

function gatewayViews(state: ConfigState): GatewayView[] {
  const ours = new Set(nodeGroups(state));
  return objectsOfKind(state, "gateway.networking.k8s.io", "Gateway")
    .map(({ namespace, name, object }) => ({ gateway: `${namespace}/${name}`, curls: curlsOf(object.spec) }))
    .filter(({ gateway }) => ours.has(gateway));
}

function curlsOf(spec: unknown): string[] {
  const listeners = (spec as { listeners?: unknown } | undefined)?.listeners;
  if (!Array.isArray(listeners)) return [];
  return listeners.flatMap((listener: { protocol?: unknown; port?: unknown; hostname?: unknown }) => {
    if (listener.protocol !== "HTTP" || typeof listener.port !== "number") return [];
    const url = `http://127.0.0.1:${listener.port}/`;
    if (typeof listener.hostname !== "string") return [`curl ${url}`];
    return [`curl -H 'host: ${listener.hostname.replace(/^\*/, "www")}' ${url}`];
  });
}
