import { Failure } from "@routeledger/std";
import { connectNats } from "./connect-nats.ts";
import { answered, askApi, type StreamInfo } from "./jetstream-api.ts";
import type { NatsLink } from "./nats-link.ts";
import type { NatsOptions } from "./nats-options.ts";
import { checkStream, streamNames } from "./stream-settings.ts";

/** What can be seen of NATS through the port that clients use. */
export interface NatsInspection {
  /** The one that answered. */
  readonly server: string;
  readonly version: string;
  readonly roundTripMs: number;
  /** How far the server's clock is ahead of this machine's, give or take half the round trip; undefined without a stream. */
  readonly clockAheadMs: number | undefined;
  /** CONFIG, XDS, DELIVERY. */
  readonly streams: readonly InspectedStream[];
}

export interface InspectedStream {
  readonly name: string;
  /** Why it cannot be used: it is not there, would lose messages, or may not be looked at. */
  readonly problem: Failure | undefined;
  /** The rest says nothing where the stream could not be looked at. */
  readonly replicas: number;
  /** Replicas that are offline or behind, by server. */
  readonly lagging: readonly string[];
  readonly bytes: number;
  readonly firstSequence: number;
  readonly lastSequence: number;
}

interface DetailedInfo extends StreamInfo {
  readonly state: StreamInfo["state"] & { readonly bytes: number };
  /** When the server answered. */
  readonly ts?: string;
  readonly cluster?: {
    readonly replicas?: readonly {
      readonly name: string;
      readonly current?: boolean;
      readonly offline?: boolean;
    }[];
  };
}

/**
 * Looks at the server and the streams of the three logs; changes nothing.
 * @param nowMs wall clock
 * @throws Failure as `connectNats`
 */
export async function inspectNats(options: NatsOptions, nowMs: () => number): Promise<NatsInspection> {
  const link = await connectNats(options);
  try {
    const { server_name: server = "", version = "" } = link.connection.info ?? {};
    const roundTripMs = await link.connection.rtt();
    let clockAheadMs: number | undefined;
    const streams: InspectedStream[] = [];
    for (const name of streamNames) {
      const askedMs = nowMs();
      const { stream, ts } = await inspected(link, name);
      streams.push(stream);
      if (ts !== undefined) clockAheadMs ??= Math.round(Date.parse(ts) - (askedMs + nowMs()) / 2);
    }
    return { server, version, roundTripMs, clockAheadMs, streams };
  } finally {
    await link.close();
  }
}

async function inspected(
  link: NatsLink,
  name: (typeof streamNames)[number],
): Promise<{ readonly stream: InspectedStream; readonly ts?: string | undefined }> {
  const nothing = { replicas: 0, lagging: [], bytes: 0, firstSequence: 0, lastSequence: 0 };
  try {
    const info = answered(
      await askApi<DetailedInfo>(link, `STREAM.INFO.${name}`),
      `look at stream ${name}`,
      name,
    );
    const { config, state, cluster, ts } = info;
    const lagging = (cluster?.replicas ?? []).filter(({ current, offline }) => offline || current === false);
    return {
      stream: {
        ...{ name, problem: problemOf(() => checkStream(name, info)), replicas: config.num_replicas ?? 1 },
        lagging: lagging.map((replica) => replica.name).sort(),
        ...{ bytes: state.bytes, firstSequence: state.first_seq, lastSequence: state.last_seq },
      },
      ts,
    };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { stream: { name, problem: error, ...nothing } };
  }
}

function problemOf(check: () => void): Failure | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
}
