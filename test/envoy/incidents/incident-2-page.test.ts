import { test } from "node:test";
import { IncidentExample } from "./incident-example.ts";

test("story 2: every command of incident 2's page prints what the page says", async (t) => {
  const ports = ["8890", "8891", "8892", "7494", "7495"];
  const others = ["extension", "quickstart"];
  const example = await IncidentExample.start(t, { name: "extension-recovery", ports, others });
  await example.checkPage("docs/incidents/2-recovered-listeners-without-routes.md");
});
