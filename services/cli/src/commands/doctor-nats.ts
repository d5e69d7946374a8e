import type { Failure } from "@routeledger/std";
import type { CommandContext } from "../command-context.ts";
import { type Finding, failedFinding } from "./finding.ts";

/** What can be seen of NATS through the port that clients use. */
export interface NatsFacts {
  readonly server: string;
  readonly version: string;
  readonly roundTripMs: number;
  /** Undefined where it could not be told. */
  readonly clockAheadMs: number | undefined;
  readonly streams: readonly StreamFacts[];
}

export interface StreamFacts {
  readonly name: string;
  readonly problem: Failure | undefined;
  readonly replicas: number;
  readonly lagging: readonly string[];
  readonly bytes: number;
  readonly firstSequence: number;
  readonly lastSequence: number;
}

/** @throws Failure `config.invalid`, `nats.*` */
export type ReadNatsFacts = (context: CommandContext, natsArgs: readonly string[]) => Promise<NatsFacts>;

/** Events and conditions bear the writers' clocks: people compare them. */
const clockDifferenceMaxMs = 1_000;
const monitorTimeoutMs = 5_000;

/** What `doctor` says of NATS. @param monitorUrls of all servers, comma-separated */
export async function natsFindings(
  read: () => Promise<NatsFacts>,
  monitorUrls: string | undefined,
): Promise<Finding[]> {
  const durability = await durabilityFindings(monitorUrls);
  try {
    const facts = await read();
    return [serverFinding(facts), ...clockFinding(facts), ...facts.streams.map(streamFinding), ...durability];
  } catch (error) {
    return [failedFinding("NATS", error), ...durability];
  }
}

function serverFinding({ server, version, roundTripMs }: NatsFacts): Finding {
  return { what: "NATS", good: true, detail: `${server} ${version}, round trip ${roundTripMs} ms` };
}

function clockFinding({ clockAheadMs }: NatsFacts): Finding[] {
  if (clockAheadMs === undefined) return [];
  const direction = clockAheadMs < 0 ? "behind" : "ahead of";
  return [
    {
      what: "clock",
      good: Math.abs(clockAheadMs) <= clockDifferenceMaxMs,
      detail: `NATS is ${Math.abs(clockAheadMs)} ms ${direction} this machine`,
      hint: "let all machines keep the same time (NTP)",
    },
  ];
}

function streamFinding(stream: StreamFacts): Finding {
  const { name, problem, replicas, lagging, bytes, firstSequence, lastSequence } = stream;
  const what = `stream ${name}`;
  if (problem !== undefined) return failedFinding(what, problem);
  const held =
    lastSequence < Math.max(firstSequence, 1)
      ? "empty"
      : `${firstSequence} to ${lastSequence}, ${bytes} bytes`;
  const late = lagging.length === 0 ? "" : `, not current: ${lagging.join(", ")}`;
  return {
    what,
    good: lagging.length === 0,
    detail: `${held}, ${replicas} replica(s)${late}`,
    hint: "see the NATS servers that are not current",
  };
}

const unseen: Finding = {
  what: "durability",
  good: "unknown",
  detail: "a client cannot see whether NATS writes to disk before it acknowledges",
  hint: "--nats-monitor-url http://HOST:8222 tells; the servers need jetstream { sync_interval: always }",
};

async function durabilityFindings(urls: string | undefined): Promise<Finding[]> {
  if (urls === undefined) return [unseen];
  return Promise.all(urls.split(",").map((url) => durabilityFinding(url.trim())));
}

interface Varz {
  readonly server_name?: string;
  readonly jetstream?: {
    readonly config?: { readonly sync_always?: boolean; readonly sync_interval?: number };
  };
}

async function durabilityFinding(url: string): Promise<Finding> {
  const what = `durability at ${url}`;
  try {
    const answer = await fetch(new URL("/varz", url), { signal: AbortSignal.timeout(monitorTimeoutMs) });
    if (!answer.ok) throw new Error(`GET /varz: status ${answer.status}`);
    const { server_name: name = "?", jetstream } = (await answer.json()) as Varz;
    const always = jetstream?.config?.sync_always === true;
    const seconds = (jetstream?.config?.sync_interval ?? 0) / 1e9;
    return {
      what,
      good: always,
      detail: always
        ? `${name} writes to disk before it acknowledges`
        : `${name} acknowledges before it writes to disk, up to ${seconds} s before: a power cut may lose that`,
      hint: "jetstream { sync_interval: always } in the server's configuration; replicas on other power lessen the risk",
    };
  } catch (error) {
    return failedFinding(what, error, "is it the monitoring port, such as http://127.0.0.1:8222?");
  }
}
