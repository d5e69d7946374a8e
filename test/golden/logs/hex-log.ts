import {
  CommitReader,
  type EventLog,
  type LogItem,
  type LogName,
  MemoryEventLog,
  MemoryStorage,
  payloadTypes,
  type ReadableKinds,
} from "@routeledger/event-log";
import { codec, toJson } from "@routeledger/protos";
import { fromHex, type JsonObject, toHex } from "@routeledger/std";

/** A log as text: a line a message, "sequence subject body", the body in hexadecimal; lines with # are comments. */
export async function parseHexLog(name: LogName, text: string): Promise<EventLog> {
  const log = new MemoryEventLog(name, new MemoryStorage(`golden ${name}`));
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const [sequence, subject, hex] = line.split(" ");
    const messages = [{ subject: subject!, body: fromHex(hex!) }];
    const { outcome } = await log.append({ messages, expectedLast: Number(sequence) - 1 });
    if (outcome !== "appended") throw new Error(`line of message ${sequence} is out of order`);
  }
  return log;
}

export interface HexLogMessage {
  readonly subject: string;
  readonly body: Uint8Array;
}

export function renderHexLog(title: string, messages: readonly HexLogMessage[]): string {
  const lines = messages.map(({ subject, body }, index) => `${index + 1} ${subject} ${toHex(body)}`);
  return `# ${title}\n${lines.join("\n")}\n`;
}

/** All that a reader sees in a log, with payloads in canonical proto3 JSON. */
export async function describedLog(log: EventLog, kinds: ReadableKinds): Promise<JsonObject[]> {
  const { lastSequence } = await log.info();
  const reader = new CommitReader(log, { from: undefined, kinds, chained: log.name !== "DELIVERY" });
  const described: JsonObject[] = [];
  for await (const item of reader.read({ until: lastSequence })) described.push(describedItem(item));
  return described;
}

function describedItem(item: LogItem): JsonObject {
  const tail = { sequence: item.tail.sequence, epoch: item.tail.epoch, term: item.tail.term };
  if (item.type === "skipped") return { type: "skipped", sequence: item.sequence, reason: item.reason, tail };
  const { revision, payload, hash, kind, ...rest } = item.commit;
  const typeName = payloadTypes[kind as keyof typeof payloadTypes];
  const message = toJson(typeName, codec(typeName).decode(payload));
  return {
    type: "commit",
    revision: { ...revision },
    kind,
    ...rest,
    hash: toHex(hash),
    payload: message,
    tail,
  };
}
