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
import { SteadyTraffic } from "./steady-traffic.ts";
import { readmeDifferences, sameStory } from "./tour-differences.ts";

const healthyWithinMs = 60_000;
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
  };
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
  const answer = await fetch(`http://127.0.0.1:${project.gatewayPort}/edited/${edit}`);
  assert.equal(await answer.text(), `blue says hello to GET /edited/${edit}\n`);
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
    const roles = await Promise.all(containers.map(({ id }) => roleOf(id)));
    const leaders = containers.filter((_, index) => roles[index] === "leading");
    leading = leaders[0]?.id ?? "";
    return leaders.length === 1;
  });
  return leading;
}

async function roleOf(id: string): Promise<string> {
  const body = await project.ask(id, "http://127.0.0.1:7482/readyz").catch(() => "{}");
  return String((JSON.parse(body) as { role?: string }).role);
}

test("up: every part is healthy in under a minute", async (t) => {
  const start = performance.now();
  await project.compose(["up", "-d", "--no-build"]);
  for (const service of services) {
    await project.untilHealthy(service, replicas[service], healthyWithinMs - (performance.now() - start));
  }
  t.diagnostic(`${await project.version()}: all healthy after ${Math.round(performance.now() - start)} ms`);
  for (const once of ["streams", "objects"]) {
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
    const shell = {
      cwd: repositoryRoot,
      environment: {
        ...environment(),
        PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
        NO_COLOR: "1",
        USER: "you",
      },
    };
    for (const { command, output } of steps) {
      const real = await runShell(command.replaceAll("8888", String(project.gatewayPort)), shell);
      sameStory(command, readmeDifferences(normalized(real)), readmeDifferences(normalized(output)));
    }
  });
});

test("edges: two become four and two again, while traffic flows", async () => {
  const scale = (count: number) =>
    project.compose(["up", "-d", "--no-build", "--no-recreate", "--scale", `xds-edge=${count}`]);
  await whileTrafficFlows(async () => {
    await scale(4);
    await project.untilHealthy("xds-edge", 4);
    await editReachesTheGateway("with-four-edges");
    await scale(2);
    await project.untilHealthy("xds-edge", 2);
    await editReachesTheGateway("with-two-edges");
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

test("kill -9 of the translator that leads: the other one takes over in under 5 s", async (t) => {
  await whileTrafficFlows(async () => {
    const killed = await leader();
    const start = performance.now();
    await project.crash(killed);
    await editReachesTheGateway("after-the-leader");
    const ms = Math.round(performance.now() - start);
    t.diagnostic(`from kill -9 to an edit that the gateway acknowledged: ${ms} ms`);
    assert.ok(ms < 10_000, `${ms} ms`);
    await project.untilHealthy("translator", 2);
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
    for (const service of services) await project.untilHealthy(service, replicas[service]);
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
    for (const service of services) await project.untilHealthy(service, replicas[service]);
    await editReachesTheGateway("after-all-were-gone");
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
