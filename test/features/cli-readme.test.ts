import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { type QuickstartBackends, startQuickstartBackends } from "../../examples/quickstart/backends.ts";
import { DevProcess } from "./cli/dev-process.ts";
import { freePort } from "./cli/named-backend.ts";
import { normalized, runShell, tourSteps } from "./cli/readme-tour.ts";
import { repositoryRoot } from "./cli/run-cli.ts";

/** README's port; the test's Gateway listens on a free one. */
const shownPort = "8888";

let folder: string;
let backends: QuickstartBackends;
let dev: DevProcess;
let port: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "routeledger-tour-"));
  port = String(await freePort());
  const example = join(folder, "examples/quickstart");
  await cp(join(repositoryRoot, "examples/quickstart"), example, { recursive: true });
  await symlink(join(repositoryRoot, "routeledger"), join(folder, "routeledger"));
  backends = await startQuickstartBackends({ blue: 0, green: 0 });
  await replaceIn(join(example, "config/gateway.yaml"), shownPort, port);
  await replaceIn(join(example, "config/backends.yaml"), "7491", String(backends.ports.blue));
  await replaceIn(join(example, "config/backends.yaml"), "7492", String(backends.ports.green));
  dev = new DevProcess({
    dataFolder: join(folder, ".routeledger"),
    args: ["--watch", join(example, "config")],
  });
  await dev.saw(/gateway default\/quickstart: serving/);
});

after(async () => {
  await dev.end("SIGTERM");
  await backends.stop();
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
