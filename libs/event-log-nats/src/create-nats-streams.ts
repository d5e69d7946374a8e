import { Failure } from "@routeledger/std";
import { connectNats } from "./connect-nats.ts";
import { type ApiError, answered, apiErrors, askApi, inWords, streamInfo } from "./jetstream-api.ts";
import type { NatsLink } from "./nats-link.ts";
import type { NatsOptions } from "./nats-options.ts";
import { checkStream, type StreamChoices, streamNames, streamSettings } from "./stream-settings.ts";

/**
 * Makes the streams of the three logs that do not exist yet, leaves the others as they are, and returns the names of
 * those that it made. Idempotent, also when several do it at a time.
 *
 * @throws Failure as `connectNats`; `nats.notCreated` with the server's reason, such as too few servers for so many
 * replicas; `nats.unsafeStream` for one that exists and would lose messages; `log.unreachable`, `nats.denied`
 */
export async function createNatsStreams(options: NatsOptions & StreamChoices): Promise<string[]> {
  const link = await connectNats(options);
  try {
    const made: string[] = [];
    for (const log of streamNames) {
      if (await createdNow(link, streamSettings(log, options))) made.push(log);
      const info = await streamInfo(link, log);
      if (info) checkStream(log, info);
    }
    return made;
  } finally {
    await link.close();
  }
}

async function createdNow(link: NatsLink, settings: ReturnType<typeof streamSettings>): Promise<boolean> {
  const { name } = settings;
  if (await streamInfo(link, name)) return false;
  const answer = await askApi(link, `STREAM.CREATE.${name}`, settings);
  if (answer.kind === "error") {
    // Somebody else made it in between; what it is like is checked behind this.
    if (answer.error.err_code === apiErrors.streamNameInUse) return false;
    throw notCreated(name, answer.error);
  }
  answered(answer, `create stream ${name}`, name);
  return true;
}

function notCreated(stream: string, error: ApiError): Failure {
  return new Failure(`create stream ${stream}: ${inWords(error)}`, {
    code: "nats.notCreated",
    // 503: no quorum yet, as while a cluster starts.
    retryable: error.code === 503,
    hint: "as many servers as --replicas with JetStream, with room on their disks, are needed",
    fields: { stream },
  });
}
