import { test } from "node:test";
import { IncidentExample } from "./incident-example.ts";

test("rule 39: every command of incident 1's page prints what the page says", async (t) => {
  const example = await IncidentExample.start(t, { name: "policy-flip", ports: ["8889", "7493"] });
  await example.checkPage("docs/incidents/1-a-changed-cluster-waits.md", uncounted);
});

/** Without how many requests came in time to try a switch. */
function uncounted(text: string): string {
  return text.replace(/\d+ (requests went well|went to)/g, "SOME $1");
}
