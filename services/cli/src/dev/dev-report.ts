import { paint, type Terminal } from "../terminal.ts";
import type { EnvoyFleetEvents } from "./envoy-fleet.ts";
import { EnvoyFolder } from "./envoy-folder.ts";
import type { GatewayView } from "./gateway-watch.ts";

/** What `dev` tells on the terminal while it runs. */
export class DevReport implements EnvoyFleetEvents {
  readonly #terminal: Terminal;
  readonly #dataFolder: string;
  readonly #serving = new Set<string>();
  #views = new Map<string, GatewayView>();

  constructor(terminal: Terminal, dataFolder: string) {
    this.#terminal = terminal;
    this.#dataFolder = dataFolder;
  }

  line(text: string): void {
    this.#terminal.out(`${text}\n`);
  }

  problem(text: string): void {
    this.#terminal.err(`${paint(this.#terminal, "red", "problem:")} ${text}\n`);
  }

  /** Gateways changed: what to curl is told again for those that serve already and whose listeners changed. */
  gateways(views: readonly GatewayView[]): void {
    const before = this.#views;
    this.#views = new Map(views.map((view) => [view.gateway, view]));
    if (views.length === 0 && before.size === 0) {
      this.line("no Gateway yet: apply one, and an Envoy is started for it");
    }
    for (const view of views) {
      const same = before.get(view.gateway)?.curls.join() === view.curls.join();
      if (this.#serving.has(view.gateway) && !same) this.#curls(view.gateway);
    }
  }

  starting(gateway: string): void {
    this.line(`gateway ${gateway}: starting Envoy`);
  }

  serving(gateway: string, how: "adopted" | "started" | "replaced", ready: boolean): void {
    this.#serving.add(gateway);
    if (!ready) {
      this.problem(`gateway ${gateway}: Envoy has no configuration yet; see ${this.#logPath(gateway)}`);
      return;
    }
    const what = how === "adopted" ? "adopted the Envoy that was running" : `Envoy ${how}`;
    this.line(`gateway ${gateway}: ${paint(this.#terminal, "green", "serving")} (${what})`);
    this.#curls(gateway);
  }

  failed(gateway: string, message: string): void {
    this.#serving.delete(gateway);
    this.problem(`gateway ${gateway}: ${message}`);
  }

  stopped(gateway: string): void {
    this.#serving.delete(gateway);
    this.line(`gateway ${gateway}: Envoy stopped`);
  }

  #curls(gateway: string): void {
    for (const curl of this.#views.get(gateway)?.curls ?? []) this.line(`    ${curl}`);
  }

  #logPath(gateway: string): string {
    return `${new EnvoyFolder(this.#dataFolder, gateway).path}/envoy.log`;
  }
}
