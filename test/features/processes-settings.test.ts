/** Settings of the services: one table, from which flags, environment names, help and docs/processes.md come. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { apiTable, runApi } from "@routeledger/api/main";
import { knownNames, natsFlagNames } from "@routeledger/cli";
import { natsSettings } from "@routeledger/event-log-nats";
import { type ProcessInput, type Setting, settingKind } from "@routeledger/service-kit";
import { systemClock } from "@routeledger/std";
import { runTranslator, translatorTable } from "@routeledger/translator/main";
import { edgeTable, runEdge } from "@routeledger/xds-edge/main";
import { repositoryRoot, runCli } from "./cli/run-cli.ts";
import { ServiceProcess } from "./processes/service-process.ts";

const timeout = 30_000;
/** Nobody listens there, so that a service which should end at once would wait. */
const noNats = ["--nats-url", "nats://127.0.0.1:9"];
const free = "127.0.0.1:0";

const tables: Readonly<Record<string, readonly Setting[]>> = {
  api: apiTable.settings,
  translator: translatorTable.settings,
  edge: edgeTable.settings,
};

let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "routeledger-settings-"));
});

after(() => rm(folder, { recursive: true, force: true }));

for (const [service, settings] of Object.entries(tables)) {
  test(`routeledger ${service} --help shows every setting, its default and its environment name`, {
    timeout,
  }, async () => {
    const { code, stdout, stderr } = await runCli([service, "--help"]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, new RegExp(`^Usage: routeledger ${service} \\[settings\\]\n`));
    for (const { flag, env, description, default: preset } of settings) {
      const kind = preset === "" ? "" : `default ${preset}; `;
      assert.ok(stdout.includes(`  ${flag} `), `${flag} in:\n${stdout}`);
      assert.ok(stdout.includes(description), `${description} in:\n${stdout}`);
      assert.ok(stdout.includes(`${kind}${env})`), `${kind}${env} in:\n${stdout}`);
    }
    assert.match(stdout, /Exit codes: 0 .*, 1 .*, 130 /);
  });

  test(`docs/processes.md has the table of ${service}`, async () => {
    const text = await readFile(join(repositoryRoot, "docs/processes.md"), "utf8");
    for (const setting of settings)
      assert.ok(text.includes(row(setting)), `docs/processes.md has\n${row(setting)}`);
  });
}

test("all that is wrong with the settings is said at once, and the exit code is 1", { timeout }, async () => {
  const { code, stderr } = await runCli(["edge", "--nats-ulr", "x", "--log-level", "loud"], {
    environment: { ROUTELEDGER_NATS_USR: "x" },
  });
  assert.equal(code, 1);
  assert.match(stderr, /^error: read configuration: unknown flag --nats-ulr, did you mean --nats-url\?; /);
  assert.match(stderr, /--log-level \(ROUTELEDGER_LOG_LEVEL\): expected one of debug, .*, got "loud"/);
  assert.match(stderr, /unknown environment name ROUTELEDGER_NATS_USR, did you mean ROUTELEDGER_NATS_USER\?/);
  assert.match(stderr, /^hint: --help lists/m);
});

test("docs/processes.md names no setting that is none", async () => {
  const text = await readFile(join(repositoryRoot, "docs/processes.md"), "utf8");
  const rows = new Set(Object.values(tables).flatMap((settings) => settings.map(row)));
  const written = text.split("\n").filter((line) => /^\| `--/.test(line));
  assert.ok(written.length > 0);
  for (const line of written) assert.ok(rows.has(line), line);
});

test("services may share one environment: no name of another is a mistake", () => {
  const names = Object.values(tables).flatMap((settings) => settings.map(({ env }) => env));
  for (const name of names)
    assert.ok(knownNames.includes(name), `${name} in services/cli/src/environment-names.ts`);
});

test("the commands that speak to NATS themselves have the flags of its settings", () => {
  assert.deepEqual(
    natsFlagNames,
    natsSettings.map(({ flag }) => flag),
  );
});

test("the effective settings are the first line that a service logs", { timeout }, async () => {
  const edge = new ServiceProcess({
    args: ["edge", ...noNats, "--operations-address", free, "--edge-address", free, "--edge-id", "e7"],
    environment: { ROUTELEDGER_DRAIN_MS: "0", ROUTELEDGER_SERVER: "http://127.0.0.1:1" },
  });
  try {
    const { configuration } = await edge.said(/xds-edge starts/);
    const { edgeId, drainMs, streamsMax, natsUrl } = configuration as Record<string, unknown>;
    assert.deepEqual([edgeId, drainMs, streamsMax, natsUrl], ["e7", 0, 10_000, "nats://127.0.0.1:9"]);
  } finally {
    await edge.end("SIGKILL");
  }
});

type Run = (input: ProcessInput) => Promise<number>;
const api: Run = (input) => runApi(input, { checkReplay: async () => ({}) });

/** Runs a service in this process, without NATS, until it ends by itself; it must say why. */
async function refused(run: Run, args: readonly string[], said: RegExp): Promise<void> {
  const lines: string[] = [];
  const code = await run({
    ...{ args: [...args, ...noNats], environment: {}, otherNames: [], hostName: "h", clock: systemClock },
    ...{ randomBytes, signal: new AbortController().signal },
    writeLog: (line) => void lines.push(line),
  });
  assert.equal(code, 1);
  assert.match(lines.at(-1) ?? "", said);
}

test("what an operator must mend ends a service, also while NATS is not there", { timeout }, async () => {
  const store = ["--store-folder", join(folder, "store"), "--api-address"];
  await refused(api, [...store, "0.0.0.0:0"], /"hint":"--tokens-file names who may ask/);
  await refused(
    api,
    [...store, free, "--tls-key-file=k"],
    /--tls-cert-file and --tls-key-file belong together/,
  );
  await refused(api, [...store, free, "--tokens-file", join(folder, "none")], /read the tokens: ENOENT/);
  const tokens = join(folder, "tokens");
  await writeFile(tokens, "ann short\n");
  await refused(
    api,
    [...store, free, "--tokens-file", tokens],
    /the token of ann: expected 16 to 1024 characters/,
  );
  const edge = ["--operations-address", free, "--nats-password-file", join(folder, "none")];
  await refused(runEdge, edge, /xds-edge ends: read how to sign in to NATS: a password without --nats-user/);
  const signIn = /xds-edge ends: read how to sign in to NATS: ENOENT/;
  await refused(runEdge, [...edge, "--nats-user", "edge"], signIn);
});

test("an address that is taken is said, and ends the service", { timeout }, async () => {
  const holder = createServer().listen(0, "127.0.0.1");
  await once(holder, "listening");
  const taken = `127.0.0.1:${(holder.address() as AddressInfo).port}`;
  try {
    const store = ["--store-folder", join(folder, "store")];
    await refused(runTranslator, ["--operations-address", taken], /EADDRINUSE.*choose another address/);
    await refused(api, [...store, "--api-address", taken], /EADDRINUSE.*choose another address/);
  } finally {
    holder.close();
  }
});

/** As docs/processes.md writes a setting. */
function row(setting: Setting): string {
  const { flag, env, description, default: preset } = setting;
  const shown = preset === "" ? "" : `\`${preset}\``;
  return `| \`${flag}\` | \`${env}\` | ${settingKind(setting)} | ${shown} | ${description} |`;
}
