/** How the streams are made, and what is demanded of streams that somebody else made. */
import type { LogName } from "@routeledger/event-log";
import { Failure } from "@routeledger/std";
import type { StreamInfo, StreamSettings } from "./jetstream-api.ts";

export const streamNames: readonly LogName[] = ["CONFIG", "XDS", "DELIVERY"];

/** Where DELIVERY begins to forget, unless the operator says otherwise: 256 MiB, which the server reserves. */
export const deliveryBytesDefault = 256 * 1024 ** 2;
/** The same by age, milliseconds: 7 days. */
export const deliveryAgeMsDefault = 7 * 24 * 3_600_000;

const nanosecondsPerMs = 1_000_000;

export interface StreamChoices {
  /** Servers that hold a copy each; a message is acknowledged when most of them have it. */
  readonly replicas: 1 | 3 | 5;
  /** DELIVERY forgets its oldest records beyond so many bytes. Default 256 MiB. */
  readonly deliveryBytesMax?: number;
  /** DELIVERY forgets records that are older, milliseconds. Default 7 days. */
  readonly deliveryAgeMaxMs?: number;
}

/** The subjects of a log: one for each kind, so that `lastOf` is one look-up. */
export function subjectOf(log: LogName, kind: string): string {
  return `routeledger.${log.toLowerCase()}.${kind}`;
}

/** What a stream is made with. */
export function streamSettings(log: LogName, choices: StreamChoices): StreamSettings {
  const lossy = log === "DELIVERY";
  const { replicas, deliveryBytesMax, deliveryAgeMaxMs } = choices;
  return {
    name: log,
    description: `routeledger ${log}`,
    subjects: [subjectOf(log, ">")],
    retention: "limits",
    storage: "file",
    num_replicas: replicas,
    max_msgs: -1,
    max_msgs_per_subject: -1,
    max_msg_size: -1,
    max_consumers: -1,
    max_bytes: lossy ? (deliveryBytesMax ?? deliveryBytesDefault) : -1,
    max_age: lossy ? (deliveryAgeMaxMs ?? deliveryAgeMsDefault) * nanosecondsPerMs : 0,
    discard: lossy ? "old" : "new",
    // The least that there is: message ids are not used, the fence is what keeps a commit from being stored twice.
    duplicate_window: 100 * nanosecondsPerMs,
    // What is large is compressed already (checkpoints), and s2 would decode whole blocks for one `at`.
    compression: "none",
    deny_delete: true,
    deny_purge: false,
    allow_rollup_hdrs: false,
    allow_direct: false,
    allow_atomic: true,
  };
}

interface Demand {
  readonly field: keyof StreamSettings;
  /** Undefined is what the server says for false, none and nothing. */
  readonly wanted: readonly unknown[];
  /** Fields that the server refuses to change: the stream has to be made again. */
  readonly fixed?: true;
}

const off = [undefined, false];

const demands: readonly Demand[] = [
  { field: "retention", wanted: ["limits"], fixed: true },
  { field: "storage", wanted: ["file"], fixed: true },
  { field: "first_seq", wanted: [undefined, 0, 1], fixed: true },
  { field: "persist_mode", wanted: [undefined, "", "default"], fixed: true },
  { field: "allow_atomic", wanted: [true] },
  { field: "allow_rollup_hdrs", wanted: off },
  { field: "allow_msg_ttl", wanted: off, fixed: true },
  { field: "allow_msg_counter", wanted: off, fixed: true },
  { field: "allow_msg_schedules", wanted: off },
  { field: "no_ack", wanted: off },
  { field: "sealed", wanted: off, fixed: true },
  { field: "deny_delete", wanted: [true] },
  { field: "deny_purge", wanted: off, fixed: true },
  { field: "mirror", wanted: [undefined, null], fixed: true },
  { field: "sources", wanted: [undefined, null] },
  { field: "subject_transform", wanted: [undefined, null] },
];

/** CONFIG and XDS forget nothing by themselves; DELIVERY may. */
const lossless: readonly Demand[] = [
  { field: "max_msgs", wanted: [undefined, -1] },
  { field: "max_msgs_per_subject", wanted: [undefined, -1] },
  { field: "max_bytes", wanted: [undefined, -1] },
  { field: "max_age", wanted: [undefined, 0] },
  { field: "discard", wanted: ["new"] },
];

/** @throws Failure `nats.unsafeStream` that names the first field under which messages could get lost, and the mend */
export function checkStream(log: LogName, { config }: StreamInfo): void {
  const subjects = [subjectOf(log, ">")];
  if (JSON.stringify(config.subjects) !== JSON.stringify(subjects)) {
    throw unsafe(log, `subjects is ${JSON.stringify(config.subjects)}, not ${JSON.stringify(subjects)}`);
  }
  for (const { field, wanted, fixed } of [...demands, ...(log === "DELIVERY" ? [] : lossless)]) {
    const found = config[field];
    if (wanted.includes(found) || (Array.isArray(found) && found.length === 0)) continue;
    const expected = JSON.stringify(wanted.find((value) => value !== undefined && value !== "") ?? false);
    throw unsafe(log, `${field} is ${JSON.stringify(found)}, not ${expected}`, fixed);
  }
}

function unsafe(log: LogName, what: string, fixed = false): Failure {
  const edit = `mend it with: nats stream edit ${log}`;
  const again = "the server cannot change that; copy the log, make the stream again, and adopt the copy";
  return new Failure(`use stream ${log}: ${what}`, {
    code: "nats.unsafeStream",
    retryable: false,
    hint: fixed ? again : edit,
    fields: { stream: log },
  });
}
