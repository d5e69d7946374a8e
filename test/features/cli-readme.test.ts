import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { DevProcess } from "./cli/dev-process.ts";
import { freePort, type NamedBackend, startNamedBackend } from "./cli/named-backend.ts";
import { normalized, runShell, tourSteps } from "./cli/readme-tour.ts";
import { repositoryRoot } from "./cli/run-cli.ts";

/** README's port; the test's Gateway listens on a free one. */
const shownPort = "8888";

let folder: string;
let backends: NamedBackend[];
let dev: DevProcess;
let port: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "routeledger-tour-"));
  port = String(await freePort());
  const example = join(folder, "examples/quickstart");
  await cp(join(repositoryRoot, "examples/quickstart"), example, { recursive: true });
  await symlink(join(repositoryRoot, "routeledger"), join(folder, "routeledger"));
  backends = await Promise.all(
    ["blue", "green"].map((name) => startNamedBackend(name, (line) => `${name} says hello to ${line}\n`)),
  );
  const [blue, green] = backends.map((backend) => String(backend.port)) as [string, string];
  await replaceIn(join(example, "config/gateway.yaml"), shownPort, port);
  await replaceIn(join(example, "config/backends.yaml"), "7491", blue);
  await replaceIn(join(example, "config/backends.yaml"), "7492", green);
  dev = new DevProcess({
    dataFolder: join(folder, ".routeledger"),
    args: ["--watch", join(example, "config")],
  });
  await dev.saw(/gateway default\/quickstart: serving/);
});

after(async () => {
  await dev.end("SIGTERM");
  for (const backend of backends) await backend.close();
  await rm(folder, { recursive: true, force: true });
});

async function replaceIn(path: string, shown: string, real: string): Promise<void> {
  const text = await readFile(path, "utf8");
  assert.ok(text.includes(shown), `${path} to name ${shown}`);
  await writeFile(path, text.replaceAll(shown, real));
}

test("every command of README's tour prints what README says", async () => {
  const steps = tourSteps(await readFile(join(repositoryRoot, "README.md"), "utf8"));
  assert.ok(steps.length >= 10, `a tour of at least 10 commands, got ${steps.length}`);
  const environment = {
    ROUTELEDGER_SERVER: await dev.apiUrl(),
    PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
    NO_COLOR: "1",
    USER: "you",
  };
  for (const { command, output } of steps) {
    const real = await runShell(command.replaceAll(shownPort, port), { cwd: folder, environment });
    assert.equal(normalized(real.replaceAll(port, shownPort)), normalized(output), `$ ${command}`);
  }
});
