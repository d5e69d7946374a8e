import { createInterface } from "node:readline";
import { Client, credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { register } from "@grpc/grpc-js-xds";
import type { ClientAnswer, ClientCommand } from "./client-command.ts";
import { method } from "./named-backend.ts";

/**
 * A gRPC client of JavaScript in a process of its own, with the one xDS client that such a process has: all its
 * targets are on one stream. Takes commands and says answers as `test/grpc-go` does, and reads its bootstrap from
 * GRPC_XDS_BOOTSTRAP_CONFIG, as the library does by itself.
 */
register();

interface Load {
  good: number;
  failed: number;
  firstFailure: string;
}

const channels = new Map<string, Client>();
const loads = new Map<string, Load>();

createInterface({ input: process.stdin }).on("line", (line) => {
  const command = JSON.parse(line) as ClientCommand;
  perform(command).then(
    (answer) => say({ id: command.id, code: "OK", ...answer }),
    (error: Error) => say({ id: command.id, code: "UNKNOWN", message: error.message }),
  );
});

function say(answer: ClientAnswer): void {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

async function perform({ op, target, ...options }: ClientCommand): Promise<Partial<ClientAnswer>> {
  switch (op) {
    case "call":
      return await call(target, options);
    case "load":
      startLoad(target, options.everyMs ?? 0);
      return {};
    case "counted":
      return loads.get(target) ?? {};
    case "close":
      loads.delete(target);
      channels.get(target)?.close();
      channels.delete(target);
      return {};
    default:
      throw new Error(`no such command: ${op}`);
  }
}

function call(target: string, { wait = false, timeoutMs = 0 }): Promise<Partial<ClientAnswer>> {
  return new Promise((resolve) => {
    channelOf(target).makeUnaryRequest(
      method,
      (text: string) => Buffer.from(text),
      (bytes) => bytes.toString(),
      "",
      new Metadata({ waitForReady: wait }),
      { deadline: Date.now() + timeoutMs },
      (error, text = "") => resolve(error === null ? { text } : failureOf(error)),
    );
  });
}

/** Calls for ever, without waiting for a connection: each pick that fails is a call that fails. */
function startLoad(target: string, everyMs: number): void {
  const load: Load = { good: 0, failed: 0, firstFailure: "" };
  loads.set(target, load);
  const once = async (): Promise<void> => {
    const { code = "OK", message } = await call(target, { timeoutMs: 20_000 });
    if (code === "OK") load.good++;
    else if (++load.failed === 1) load.firstFailure = `${code}: ${message}`;
    if (loads.get(target) === load) setTimeout(once, everyMs);
  };
  void once();
}

function channelOf(target: string): Client {
  const known = channels.get(target);
  if (known !== undefined) return known;
  const made = new Client(target, credentials.createInsecure());
  channels.set(target, made);
  return made;
}

function failureOf({ code, details }: ServiceError): Partial<ClientAnswer> {
  return { code: status[code] ?? String(code), message: details };
}
