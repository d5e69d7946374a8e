import { equal, ok } from "node:assert/strict";
import { cp, glob, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { freePorts } from "../../conformance/free-ports.ts";
import { normalized, runShell, tourSteps } from "../../features/cli/readme-tour.ts";
import { repositoryRoot } from "../../features/cli/run-cli.ts";
import { WatchedProcess } from "../../features/cli/watched-process.ts";

export interface IncidentExampleOptions {
  /** A folder of `examples/`, whose Gateway has its name. */
  readonly name: string;
  /** Ports that its files name; the example is run with free ones. */
  readonly ports: readonly string[];
  /** Other folders of `examples/` that it runs. */
  readonly others?: readonly string[];
}

/** What `make start EXAMPLE=...` runs, in a folder and on ports of its own, beside the commands of a page. */
export class IncidentExample {
  readonly #folder: string;
  readonly #process: WatchedProcess;
  readonly #ports: ReadonlyMap<string, string>;

  private constructor(folder: string, process: WatchedProcess, ports: ReadonlyMap<string, string>) {
    this.#folder = folder;
    this.#process = process;
    this.#ports = ports;
  }

  /** Resolves when its Gateway is served. It ends with the test. */
  static async start(
    test: TestContext,
    { name, ports, others = [] }: IncidentExampleOptions,
  ): Promise<IncidentExample> {
    const folder = await mkdtemp(join(tmpdir(), "routeledger-incident-"));
    let process: WatchedProcess | undefined;
    test.after(async () => {
      const code = await process?.end("SIGTERM");
      await rm(folder, { recursive: true, force: true });
      equal(code, 0);
    });
    await mkdir(join(folder, "examples"));
    for (const path of ["routeledger", "services", ...others.map((other) => `examples/${other}`)])
      await symlink(join(repositoryRoot, path), join(folder, path));
    const files = join(folder, "examples", name);
    await cp(join(repositoryRoot, "examples", name), files, { recursive: true });
    const free = await freePorts(ports.length);
    const real = new Map(ports.map((port, index) => [port, String(free[index])]));
    await replacePorts(files, real);
    const args = ["--api-address", "127.0.0.1:0", "--edge-address", "127.0.0.1:0"];
    process = new WatchedProcess({ script: join(files, "run.ts"), args });
    await process.saw(new RegExp(`gateway default/${name}: serving`));
    return new IncidentExample(folder, process, real);
  }

  /**
   * Runs the commands that a page shows.
   * @param alike makes texts equal that say the same
   * @throws AssertionError where one prints something else
   */
  async checkPage(page: string, alike: (text: string) => string = (text) => text): Promise<void> {
    const steps = tourSteps(await readFile(join(repositoryRoot, page), "utf8"));
    ok(steps.length >= 8, `at least 8 commands, got ${steps.length}`);
    const environment = {
      ROUTELEDGER_SERVER: (await this.#process.saw(/^routeledger dev: api (http:\/\/\S+),/m))[1] ?? "",
      PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
      NO_COLOR: "1",
      USER: "you",
    };
    for (const { command, output } of steps) {
      let line = command;
      for (const [shown, real] of this.#ports) line = line.replaceAll(shown, real);
      let printed = await runShell(line, { cwd: this.#folder, environment });
      for (const [shown, real] of this.#ports) printed = printed.replaceAll(real, shown);
      equal(alike(normalized(printed)), alike(normalized(output)), `$ ${command}`);
    }
  }
}

async function replacePorts(folder: string, ports: ReadonlyMap<string, string>): Promise<void> {
  const named = new Set<string>();
  for await (const path of glob("**/*.{ts,yaml}", { cwd: folder })) {
    let text = await readFile(join(folder, path), "utf8");
    for (const [shown, real] of ports) {
      if (text.includes(shown)) named.add(shown);
      text = text.replaceAll(shown, real);
    }
    await writeFile(join(folder, path), text);
  }
  equal(named.size, ports.size, `files that name ${[...ports.keys()]}, got ${[...named]}`);
}
