import { parentPort } from "node:worker_threads";
import { assert, Failure } from "@routeledger/std";
import { type ThreadCall, type ThreadError, type ThreadReply, threadLoaded } from "./thread-calls.ts";

/** In a thread: answers calls in order. A Failure is an answer; anything else that is thrown ends the thread. */
export function answerCalls(answer: (name: string, args: unknown) => unknown): void {
  const port = parentPort;
  assert(port !== null, "to run as a thread");
  port.postMessage(threadLoaded);
  port.on("message", ({ id, name, args }: ThreadCall) => {
    try {
      port.postMessage({ id, result: answer(name, args) } satisfies ThreadReply);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      port.postMessage({ id, error: threadError(error) } satisfies ThreadReply);
    }
  });
}

function threadError({ code, message, retryable, hint }: Failure): ThreadError {
  return { code, message, retryable, ...(hint !== undefined && { hint }) };
}
