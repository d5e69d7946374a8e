import { equal, rejects } from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createNatsStreams, type NatsOptions, openNatsEventLogs } from "@routeledger/event-log-nats";
import { utf8 } from "@routeledger/std";
import { startNatsServer } from "../nats/nats-server.ts";
import { operatorMode } from "../nats/operator-mode.ts";
import { loopbackCertificate } from "./api/loopback-certificate.ts";

/** TLS and credentials files, as `--nats-ca-file` and `--nats-creds-file` name them. */

let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "routeledger-nats-sign-in-"));
});
after(() => rm(folder, { recursive: true }));

/** Makes the streams, appends and reads. */
async function works(options: NatsOptions): Promise<void> {
  await createNatsStreams({ ...options, replicas: 1 });
  const { config, close } = await openNatsEventLogs(options);
  await config.append({ messages: [{ subject: "A", body: utf8("body") }], expectedLast: 0 });
  for await (const { sequence } of config.read({ after: 0, until: 1 })) equal(sequence, 1);
  await close();
}

async function written(name: string, text: string): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, text);
  return file;
}

test("a server with TLS is used when its certificate is signed by one that is named, and else not", async () => {
  const certFile = await written("cert.pem", loopbackCertificate.cert);
  const keyFile = await written("key.pem", loopbackCertificate.key);
  const tls = await startNatsServer({
    configuration: `tls { cert_file: "${certFile}", key_file: "${keyFile}" }`,
  });
  const plain = await startNatsServer();
  try {
    await works({ servers: [tls.url], name: "tls", caFile: certFile });
    await rejects(openNatsEventLogs({ servers: [tls.url], name: "no ca" }), { code: "nats.unreachable" });
    // With a CA named, a server without TLS is none to be trusted.
    await rejects(openNatsEventLogs({ servers: [plain.url], name: "plain", caFile: certFile }), {
      code: "nats.unreachable",
    });
  } finally {
    await tls.dispose();
    await plain.dispose();
  }
});

test("a credentials file signs in where users are JWTs", async () => {
  const { configuration, creds } = operatorMode();
  const server = await startNatsServer({ configuration });
  try {
    await works({ servers: [server.url], name: "creds", credsFile: await written("api.creds", creds) });
    const others = await written("others.creds", operatorMode().creds);
    await rejects(openNatsEventLogs({ servers: [server.url], name: "others", credsFile: others }), {
      code: "nats.refused",
    });
    await rejects(openNatsEventLogs({ servers: [server.url], name: "nobody" }), { code: "nats.refused" });
  } finally {
    await server.dispose();
  }
});
