/**
 * docker-compose.yml on a real Docker Engine: `make test-compose`. One project for all tests; they run in order, and
 * the gateway is asked all the time while parts come and go.
 */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { normalized, runShell, tourSteps } from "../features/cli/readme-tour.ts";
import { repositoryRoot, runCli } from "../features/cli/run-cli.ts";
import { ComposeProject, docker } from "./compose-project.ts";
import { readmeCommands } from "./readme-section.ts";
import { runCommand } from "./run-command.ts";
import { SteadyTraffic } from "./steady-traffic.ts";
import { clusterCommand, readmeDifferences, sameStory } from "./tour-differences.ts";

const healthyWithinMs = 60_000;
/** The takeover itself may take 5 s; here the engine's part, an apply and the proxy's answer come to it. */
const takeoverWithinMs = 10_000;
const replicas = { nats: 1, api: 1, translator: 2, "xds-edge": 2, gateway: 1, blue: 1, green: 1 } as const;
type Service = keyof typeof replicas;
const services = Object.keys(replicas) as Service[];
/** Of these, the image is ours. */
const ourServices: readonly Service[] = ["api", "translator", "xds-edge"];

let project: ComposeProject;

before(async () => {
  project = await ComposeProject.open();
  await project.build();
});

after(async () => {
  await project?.down();
});

function environment(): Record<string, string> {
  return {
    ROUTELEDGER_SERVER: `http://127.0.0.1:${project.apiPort}`,
    ROUTELEDGER_TOKEN_FILE: join(repositoryRoot, "deploy/compose/tokens/you"),
    PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
    NO_COLOR: "1",
    USER: "you",
  };
}

/** Runs the first block of README's section as a reader does, who waits until all parts are healthy. */
async function followReadme(heading: string): Promise<void> {
  for (const line of readmeCommands(await readFile(join(repositoryRoot, "README.md"), "utf8"), heading)) {
    if (line.startsWith("export ")) {
      assert.equal(line, "export ROUTELEDGER_TOKEN_FILE=deploy/compose/tokens/you");
    } else if (line.startsWith("docker compose ")) {
      await project.compose(line.split(" ").slice(2));
      const edges = Number(/--scale xds-edge=(\d+)/.exec(line)?.[1] ?? replicas["xds-edge"]);
      await untilAllHealthy({ ...replicas, "xds-edge": edges });
    } else {
      const command = line.replace("8888", String(project.gatewayPort));
      const options = { cwd: repositoryRoot, environment: environment(), timeoutMs: 30_000 };
      const { code, output } = await runCommand(["bash", "-c", command], options);
      assert.equal(code, 0, `$ ${line}: ${output}`);
    }
  }
}

async function untilAllHealthy(counts: Readonly<Record<Service, number>> = replicas): Promise<void> {
  for (const service of services) await project.untilHealthy(service, counts[service], healthyWithinMs);
}

async function routeledger(args: readonly string[], stdin?: string): Promise<string> {
  const options = { environment: environment(), ...(stdin === undefined ? {} : { stdin }) };
  const { code, stdout, stderr } = await runCli(args, options);
  assert.equal(code, 0, `routeledger ${args.join(" ")}: ${stdout}${stderr}`);
  return stdout;
}

/** An apply that has the gateway acknowledge it: the whole path, from the door to the proxy and back, works. */
async function editReachesTheGateway(edit: string): Promise<void> {
  const route = await readFile(join(repositoryRoot, "examples/quickstart/tour/route.yaml"), "utf8");
  const edited = route.replace("name: tour", "name: edited").replaceAll("/tour", `/edited/${edit}`);
  await routeledger(["apply", "-f", "-", "--wait"], edited);
  assert.equal(await fetchText(`/edited/${edit}`), `blue says hello to GET /edited/${edit}\n`);
}

async function fetchText(path: string): Promise<string> {
  return (await fetch(`http://127.0.0.1:${project.gatewayPort}${path}`)).text();
}

/** Runs a line of shell in the folder of NATS, which must not run. */
async function inNatsFolder(line: string): Promise<void> {
  const [nats] = await project.containers("nats");
  const shell = ["--entrypoint", "sh", "debian:bookworm-slim", "-c", `cd /data && ${line}`];
  await docker(["run", "--rm", "--user", "0", "--volumes-from", nats?.id ?? "", ...shell]);
}

/** Waits until each edge's `/readyz` says that of its log. */
async function edgesSay(log: RegExp): Promise<void> {
  const edges = await project.containers("xds-edge");
  await project.until(`each edge to say ${log}`, async () => {
    const answers = await Promise.all(edges.map(({ id }) => readyz(id, 7483)));
    return answers.every((answer) => log.test(String(answer.log)));
  });
}

/** Requests go on while `change` happens, and not one of them fails. */
async function whileTrafficFlows(change: () => Promise<void>): Promise<void> {
  const traffic = new SteadyTraffic(project.gatewayPort);
  const before = performance.now();
  try {
    await change();
  } catch (error) {
    await traffic.stop();
    throw new Error(`${(error as Error).message}\nwrong answers: ${traffic.wrong.join("; ")}`, {
      cause: error,
    });
  }
  await traffic.stop();
  const seconds = (performance.now() - before) / 1000;
  assert.deepEqual(traffic.wrong, []);
  assert.ok(traffic.answers > 10 * seconds, `traffic that flows: ${traffic.answers} answers in ${seconds} s`);
}

async function leader(): Promise<string> {
  let leading = "";
  await project.until("one translator to lead", async () => {
    const containers = (await project.containers("translator")).filter(({ running }) => running);
    const roles = await Promise.all(containers.map(async ({ id }) => (await readyz(id, 7482)).role));
    const leaders = containers.filter((_, index) => roles[index] === "leading");
    leading = leaders[0]?.id ?? "";
    return leaders.length === 1;
  });
  return leading;
}

/** What `/readyz` answers inside of the container; nothing while it cannot be asked. */
async function readyz(id: string, port: number): Promise<Readonly<Record<string, unknown>>> {
  const body = await project.ask(id, `http://127.0.0.1:${port}/readyz`).catch(() => "{}");
  return JSON.parse(body) as Record<string, unknown>;
}

test("README's cluster: every part is healthy in under a minute", async (t) => {
  const start = performance.now();
  await followReadme("As a cluster");
  const ms = Math.round(performance.now() - start);
  t.diagnostic(`${await project.version()}: built, all healthy and asked after ${ms} ms`);
  assert.ok(ms < healthyWithinMs, `${ms} ms`);
  for (const once of ["streams", "sealing-key", "objects"]) {
    const [container] = await project.containers(once);
    assert.equal(container?.exitCode, 0, `${once} ended well`);
  }
});

test("no part has a root file system that can be written, or a capability; ours are not root", async () => {
  for (const service of services) {
    for (const container of await project.containers(service)) {
      assert.ok(container.readOnlyRoot, `${service} has a read-only root`);
      assert.deepEqual(container.droppedCapabilities, ["ALL"], `${service} drops all capabilities`);
    }
  }
  for (const service of ourServices) {
    const [container] = await project.containers(service);
    assert.equal(container?.user, "node", service);
    await assert.rejects(docker(["exec", container.id, "touch", "/app/written"]), /Read-only file system/);
  }
});

test("the image is small, and has no npm", async (t) => {
  const megabytes = Number(await docker(["image", "inspect", "-f", "{{.Size}}", "routeledger:local"])) / 1e6;
  t.diagnostic(`routeledger:local has ${Math.round(megabytes)} MB`);
  assert.ok(megabytes < 300, `${megabytes} MB`);
  const [api] = await project.containers("api");
  await assert.rejects(docker(["exec", api?.id ?? "", "sh", "-c", "command -v npm"]));
});

test("README's tour runs against it", async () => {
  await whileTrafficFlows(async () => {
    const steps = tourSteps(await readFile(join(repositoryRoot, "README.md"), "utf8"));
    assert.ok(steps.length >= 10, `a tour of at least 10 commands, got ${steps.length}`);
    const shell = { cwd: repositoryRoot, environment: environment() };
    for (const { command, output } of steps) {
      const real = await runShell(clusterCommand(command, project.gatewayPort), shell);
      sameStory(command, readmeDifferences(normalized(real)), readmeDifferences(normalized(output)));
    }
  });
});

test("README's scaling: two edges become four and two again, while traffic flows", async () => {
  await whileTrafficFlows(async () => {
    await followReadme("Scaling the edges");
    await editReachesTheGateway("after-scaling");
  });
});

test("kill -9 of either edge: no request fails, and edits arrive", async () => {
  for (const { id } of await project.containers("xds-edge")) {
    await whileTrafficFlows(async () => {
      await project.crash(id);
      await editReachesTheGateway(`after-edge-${id.slice(0, 6)}`);
      await project.untilHealthy("xds-edge", 2);
    });
  }
});

test("kill -9 of the translator that leads: the other one takes over", async (t) => {
  await whileTrafficFlows(async () => {
    const killed = await leader();
    const start = performance.now();
    await project.crash(killed);
    await editReachesTheGateway("after-the-leader");
    const ms = Math.round(performance.now() - start);
    t.diagnostic(`from kill -9 to an edit that the gateway acknowledged: ${ms} ms`);
    assert.ok(ms < takeoverWithinMs, `${ms} ms`);
    await project.untilHealthy("translator", 2);
  });
});

test("P8: a leader that is frozen, replaced and thawed does not lead on", async () => {
  await whileTrafficFlows(async () => {
    const frozen = await leader();
    await docker(["pause", frozen]);
    await editReachesTheGateway("while-the-leader-is-frozen");
    await docker(["unpause", frozen]);
    await project.untilHealthy("translator", 2);
    await editReachesTheGateway("after-the-leader-is-thawed");
    assert.notEqual(await leader(), frozen);
  });
});

test("kill -9 of the api: nothing that it acknowledged is lost", async () => {
  await whileTrafficFlows(async () => {
    await editReachesTheGateway("before-the-api");
    const [api] = await project.containers("api");
    await project.crash(api?.id ?? "");
    await project.untilHealthy("api", 1);
    assert.match(await routeledger(["get", "httproute/edited", "-o", "yaml"]), /\/edited\/before-the-api/);
    await editReachesTheGateway("after-the-api");
  });
});

test("kill -9 of NATS: all find back by themselves", async () => {
  await whileTrafficFlows(async () => {
    const [nats] = await project.containers("nats");
    await project.crash(nats?.id ?? "");
    await untilAllHealthy();
    await editReachesTheGateway("after-nats");
  });
});

test("P10: with all but the edges gone, a gateway that starts anew gets all that it needs", async () => {
  const gone: readonly Service[] = ["api", "translator", "nats"];
  await project.compose(["stop", ...gone]);
  for (const container of (await Promise.all(gone.map((name) => project.containers(name)))).flat()) {
    assert.equal(container.running, false);
  }
  await project.compose(["restart", "gateway"]);
  await project.untilHealthy("gateway", 1);
  await whileTrafficFlows(async () => {
    await project.compose(["start", ...gone.toReversed()]);
    await untilAllHealthy();
    await editReachesTheGateway("after-all-were-gone");
  });
});

test("P1: an old copy of the logs is said, and followed when it is adopted, as docs/operations.md has it", async () => {
  await editReachesTheGateway("before-the-backup");
  await project.compose(["stop", "nats"]);
  await inNatsFolder("cp -r jetstream backup");
  await project.compose(["start", "nats"]);
  await untilAllHealthy();
  await editReachesTheGateway("after-the-backup");
  await whileTrafficFlows(async () => {
    await project.compose(["stop", "nats", "api", "translator"]);
    await inNatsFolder("rm -r jetstream && mv backup jetstream");
    await project.compose(["start", "nats"]);
    await edgesSay(/serves what it has: .*was read before/);
    assert.equal(
      await fetchText("/edited/after-the-backup"),
      "blue says hello to GET /edited/after-the-backup\n",
    );
    await project.compose(["run", "--rm", "-T", "streams", "log", "adopt", "--reason", "a drill", "--yes"]);
    await edgesSay(/^followed$/);
    await project.compose(["start", "api", "translator"]);
    await untilAllHealthy();
    assert.match(await routeledger(["get", "httproute/edited", "-o", "yaml"]), /\/edited\/before-the-backup/);
    await editReachesTheGateway("after-the-adoption");
    assert.match(await routeledger(["log", "--oneline"]), /^@2\.\d+ the log was adopted: a drill$/m);
  });
});

test("what was served is what the log says, byte for byte", async () => {
  assert.match(await routeledger(["replay", "--check"]), /equal, byte for byte, to what was served/);
});

test("stop: each of ours ends by itself, with exit code 0", async () => {
  await project.compose(["stop", ...ourServices]);
  for (const service of ourServices) {
    for (const { exitCode } of await project.containers(service)) assert.equal(exitCode, 0, service);
  }
});
