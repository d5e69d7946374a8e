import { equal, ok } from "node:assert/strict";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { freePorts } from "../../conformance/free-ports.ts";
import { normalized, runShell, tourSteps } from "../../features/cli/readme-tour.ts";
import { repositoryRoot } from "../../features/cli/run-cli.ts";
import { WatchedProcess } from "../../features/cli/watched-process.ts";

const page = "docs/incidents/1-a-changed-cluster-waits.md";
/** The page's ports of Gateway and backend; the test's are free ones. */
const [shownPort, shownBackendPort] = ["8889", "7493"] as const;

let folder: string;
let example: WatchedProcess;
let port: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "routeledger-incident-1-"));
  const files = join(folder, "examples/policy-flip");
  await cp(join(repositoryRoot, "examples/policy-flip"), files, { recursive: true });
  for (const name of ["routeledger", "services"])
    await symlink(join(repositoryRoot, name), join(folder, name));
  const [free = 0, backendPort = 0] = await freePorts(2);
  port = String(free);
  await replaceIn(join(files, "config/gateway.yaml"), shownPort, port);
  await replaceIn(join(files, "config/shop.yaml"), shownBackendPort, String(backendPort));
  await replaceIn(join(files, "run.ts"), shownBackendPort, String(backendPort));
  const args = ["--api-address", "127.0.0.1:0", "--edge-address", "127.0.0.1:0"];
  example = new WatchedProcess({ script: join(files, "run.ts"), args });
  await example.saw(/gateway default\/policy-flip: serving/);
});

after(async () => {
  equal(await example.end("SIGTERM"), 0);
  await rm(folder, { recursive: true, force: true });
});

async function replaceIn(path: string, shown: string, real: string): Promise<void> {
  const text = await readFile(path, "utf8");
  ok(text.includes(shown), `${path} to name ${shown}`);
  await writeFile(path, text.replaceAll(shown, real));
}

test("rule 39: every command of incident 1's page prints what the page says", async () => {
  const steps = tourSteps(await readFile(join(repositoryRoot, page), "utf8"));
  ok(steps.length >= 8, `at least 8 commands, got ${steps.length}`);
  const environment = {
    ROUTELEDGER_SERVER: (await example.saw(/^routeledger dev: api (http:\/\/\S+),/m))[1] ?? "",
    PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
    NO_COLOR: "1",
    USER: "you",
  };
  for (const { command, output } of steps) {
    const real = await runShell(command.replaceAll(shownPort, port), { cwd: folder, environment });
    equal(uncounted(real.replaceAll(port, shownPort)), uncounted(output), `$ ${command}`);
  }
});

/** Without how many requests came in time to try a switch. */
function uncounted(text: string): string {
  return normalized(text).replace(/\d+ (requests went well|went to)/g, "SOME $1");
}
