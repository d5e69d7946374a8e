import assert from "node:assert/strict";

/** Commands that show where a log begins, or who writes: there a cluster has more to tell than `dev`. */
const historic = [/\blog --oneline$/, /\breplay --check$/, /\bproxies$/, /\bproxy \S+ /];

/** A command of the tour for the port and the proxy of a cluster. */
export function clusterCommand(command: string, gatewayPort: number): string {
  return command
    .replaceAll("8888", String(gatewayPort))
    .replaceAll("dev-default-quickstart", "quickstart.default");
}

/**
 * Takes out of a tour's output what `dev` and a cluster may call differently: revisions, whose counting begins
 * elsewhere, the ids of the node and of its edge, and who writes.
 */
export function readmeDifferences(text: string): string {
  return text
    .replace(/@1\.\d+/g, "@REVISION")
    .replace(/\b1\.\d+-DIGEST/g, "VERSION")
    .replace(/replayed \d+ revisions up to @\d+/g, "replayed")
    .replace(/\bdev-default-quickstart\b|\bquickstart\.default\b/g, "NODE")
    .replace(/^Actor: .*$/m, "Actor: you")
    .replace(/ {2,}/g, "  ")
    .replace(/^(NODE {2}default\/quickstart {2})\S+/m, "$1EDGE");
}

/** Fails when a command of the tour says something else than README; in history, when a line of README is missing. */
export function sameStory(command: string, real: string, readme: string): void {
  if (!historic.some((pattern) => pattern.test(command))) {
    assert.equal(real, readme, `$ ${command}`);
    return;
  }
  const lines = real.split("\n");
  for (const line of readme.split("\n").filter((line) => !devOnly.test(line))) {
    assert.ok(lines.includes(line), `$ ${command}: the line ${JSON.stringify(line)} in\n${real}`);
  }
}

/** How `dev` fills its log itself, and the endpoints of backends that have addresses there and names here. */
const devOnly = /the GatewayClass that dev has|Backend default\/blue and 4 more|\bEDS\b/;
