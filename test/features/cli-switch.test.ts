import { deepEqual, equal, match } from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { test } from "node:test";
import { FakeEdge } from "./api/fake-edge.ts";
import {
  backend,
  documents,
  gateway,
  gatewayClass,
  type RunningApi,
  route,
  withApi,
} from "./api/running-api.ts";
import { runCli } from "./cli/run-cli.ts";
import { WatchedProcess } from "./cli/watched-process.ts";

const everything = documents(gatewayClass, gateway, backend, route("home"));
const secured = `${backend}  tls: { sni: a.example.com, insecureSkipVerify: true }\n`;

/** A proxy that never answers. */
async function silentProxy({ apply, logs }: RunningApi): Promise<void> {
  await apply(everything);
  await new FakeEdge(logs.delivery).connect();
}

test("apply --prepare says each step, and exits with 1 when the switch went back", () =>
  withApi(async (running) => {
    await silentProxy(running);
    const args = ["apply", "-f", "-", "--prepare", "--deadline", "1s"];
    const { code, stdout, stderr } = await runCli(args, { server: running.api.address, stdin: secured });
    equal(code, 1);
    equal(stdout, "backend.gateway.envoyproxy.io/local configured (prepared)\n");
    const [prepared, back] = stderr.split("\n").filter((line) => line !== "");
    match(prepared ?? "", /^@1\.\d+: prepare: configure: Backend shop\/local$/);
    match(back ?? "", /switch @1\.\d+ went back: 0 of 1 proxies have it within 1 s; missing: envoy-1$/);
  }));

test("apply --prepare that is interrupted leaves the switch under way; switch shows it and lets it go back", () =>
  withApi(async (running) => {
    await silentProxy(running);
    const server = running.api.address;
    equal((await runCli(["switch"], { server })).stdout, "No switch is under way.\n");
    const refs = ["delete", "backend", "local", "-n", "shop", "--prepare"];
    equal((await runCli(refs, { server })).code, 1, "a route would have no backend");
    await running.apply(secured, "?prepare=true");
    const shown = await runCli(["switch"], { server });
    match(shown.stdout, /^Switch @1\.4: prepared since .*, waits for proxies: 0 of 1/);
    match(shown.stdout, /\nChanges: {2}backend\.gateway\.envoyproxy\.io shop\/local\nGateways: shop\/web\n/);
    match(shown.stdout, /\nbackend\/shop\/local~2 +backend\/shop\/local +yes\n/);
    match((await runCli(["status"], { server })).stdout, /\nSwitch @1\.4: prepared/);
    const reverted = await runCli(["switch", "revert", "-m", "not now"], { server });
    deepEqual([reverted.code, reverted.stdout], [0, "@1.5: the switch went back\n"]);
    const file = `${running.folder}/secured.yaml`;
    await writeFile(file, secured);
    const environment = { ROUTELEDGER_SERVER: server };
    const apply = new WatchedProcess({ args: ["apply", "-f", file, "--prepare"], environment });
    await apply.saw(/@1\.6: prepare/);
    equal(await apply.end("SIGINT"), 1);
    match(apply.output, /switch @1\.6 goes on without this command: routeledger switch shows it/);
    match((await runCli(["switch"], { server })).stdout, /^Switch @1\.6: prepared/);
    const log = await runCli(["log", "--oneline"], { server });
    match(log.stdout, /^@1\.6 prepare: .*\n@1\.5 switch @1\.4 went back: not now\n@1\.4 prepare: /);
  }));

test("what needs no preparing is applied, and the command says so", () =>
  withApi(async (running) => {
    await running.apply(everything);
    const args = ["apply", "-f", "-", "--prepare"];
    const { code, stdout, stderr } = await runCli(args, {
      server: running.api.address,
      stdin: route("home", "/new"),
    });
    deepEqual(
      [code, stdout, stderr],
      [
        0,
        "httproute.gateway.networking.k8s.io/home configured\n",
        "@1.4: no cluster changes, so nothing was to be prepared\n",
      ],
    );
  }));
