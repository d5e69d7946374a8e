/** Key files: how they are made, what is refused, and that a change of them needs no restart. */
import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createLogger, openSealingKeys, silentLogger } from "@routeledger/service-kit";
import { Keyring, parseKeyFile } from "@routeledger/std";
import { runCli } from "./cli/run-cli.ts";
import { ManualClock } from "./xds/manual-clock.ts";

const line = (fill: number) => `${Buffer.alloc(32, fill).toString("base64")}\n`;

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "routeledger-keys-"));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

async function keyFile(t: TestContext, text: string): Promise<string> {
  const path = join(await folderOf(t), "keys");
  await writeFile(path, text, { mode: 0o600 });
  return path;
}

test("new-key makes a file that only its owner may read, then puts keys before those that it holds", async (t) => {
  const folder = await folderOf(t);
  const path = join(folder, "keys");
  equal((await runCli(["secrets", "new-key", path])).code, 0);
  equal((await stat(path)).mode & 0o777, 0o600);
  const first = await readFile(path, "utf8");
  const said = await runCli(["secrets", "new-key", path]);
  const both = await readFile(path, "utf8");
  equal(both.slice(both.indexOf("\n") + 1), first);
  const keyring = parseKeyFile(both);
  deepEqual(keyring instanceof Keyring && keyring.keyIds.length, 2);
  for (const key of both.trim().split("\n")) equal(said.stdout.includes(key), false);
  deepEqual(await readdir(folder), ["keys"]);
});

test("new-key --if-missing leaves a file as it is, and what is no key file is not written over", async (t) => {
  const path = await keyFile(t, "not a key\n");
  match((await runCli(["secrets", "new-key", "--if-missing", path])).stdout, /left as it is/);
  const refused = await runCli(["secrets", "new-key", path]);
  equal(refused.code, 1);
  match(refused.stderr, /line 1: expected 32 bytes/);
  equal(await readFile(path, "utf8"), "not a key\n");
});

test("P11: a key file that others may read is refused, with the mend", async (t) => {
  const path = await keyFile(t, line(1));
  const open = () => openSealingKeys({ path, clock: new ManualClock(), logger: silentLogger });
  for (const mode of [0o640, 0o604, 0o620, 0o666]) {
    await chmod(path, mode);
    await rejects(open(), { code: "secrets.key", hint: `chmod 600 ${path}` }, mode.toString(8));
  }
  await chmod(path, 0o400);
  (await open()).stop();
});

test("a key file that is missing, empty or wrong is refused by name, and shown nowhere", async (t) => {
  const path = await keyFile(t, `${line(1)}hunter2\n`);
  const options = { clock: new ManualClock(), logger: silentLogger };
  await rejects(openSealingKeys({ path, ...options }), (error: Error) => {
    match(error.message, /line 2: expected 32 bytes/);
    return !error.message.includes("hunter2");
  });
  await rejects(openSealingKeys({ path: `${path}-none`, ...options }), /ENOENT/);
});

test("a changed key file is read again within a second, and a wrong one changes nothing", async (t) => {
  const path = await keyFile(t, line(1));
  const clock = new ManualClock();
  const lines: string[] = [];
  const logger = createLogger({ name: "test", write: (text) => void lines.push(text) });
  const keys = await openSealingKeys({ path, clock, logger });
  t.after(() => keys.stop());
  const { sealingKeyId } = keys.keyring;
  let changes = 0;
  keys.onChanged(() => changes++);
  await writeFile(path, line(2) + line(1));
  await untilSaid(/were read again/);
  deepEqual([keys.keyring.keyIds[1], changes], [sealingKeyId, 1]);
  await writeFile(path, "nothing\n");
  await untilSaid(/cannot be read/);
  deepEqual([keys.keyring.keyIds.length, changes], [2, 1]);

  async function untilSaid(words: RegExp): Promise<void> {
    while (!lines.some((text) => words.test(text))) {
      clock.advance(1_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
});
