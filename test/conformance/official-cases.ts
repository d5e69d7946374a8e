import { deepEqual, equal, ok } from "node:assert/strict";
import { after, test } from "node:test";
import { notRun } from "./not-run.ts";
import { fixturesSource, OfficialSuite } from "./official-suite.ts";

/**
 * Defines a test for each case of the official suite that can run, with Envoys that speak this protocol. Reads the
 * fixtures that `ROUTELEDGER_FIXTURES` names, starts everything and applies base.yaml before it returns.
 */
export async function defineOfficialCases(protocol: "delta" | "sotw"): Promise<void> {
  const suite = await OfficialSuite.start(await fixturesSource(), protocol);
  after(() => suite.stop());

  test(`${protocol}: a case of the official suite is run, or listed with the reason why it cannot be`, () => {
    const listed = Object.values(notRun).flat();
    equal(new Set(listed).size, listed.length, "a case is listed once");
    const names = suite.cases.map(({ name }) => name);
    deepEqual(
      listed.filter((name) => !names.includes(name)),
      [],
      "a listed case is one of the suite",
    );
    const runnable = suite.runnable().map(({ name }) => name);
    deepEqual(
      runnable.filter((name) => listed.includes(name)),
      [],
      "a listed case cannot run",
    );
    const others = suite.cases.filter(({ name }) => !runnable.includes(name) && !listed.includes(name));
    deepEqual(
      others.map((one) => `${one.name} needs ${suite.reasonsAgainst(one).join(", ")}`),
      [],
      "what cannot run is listed",
    );
  });

  for (const one of suite.runnable()) test(`${protocol}: official case ${one.name}`, () => suite.play(one));

  test(`${protocol}: no proxy rejected anything of all that (G111)`, async () => {
    deepEqual(await suite.system.rejections(), []);
  });

  test(`${protocol}: all that was published replays to the same bytes (P2)`, async () => {
    const { differences, otherVersions, compared } = await suite.system.checkReplay();
    deepEqual(differences, []);
    deepEqual(otherVersions, []);
    ok(compared > suite.runnable().length);
  });
}
