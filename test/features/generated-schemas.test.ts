import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

const SCRIPTS = join(import.meta.dirname, "../../scripts");

test("the committed schemas are what the CRDs of the pinned Go modules give", async () => {
  const script = join(SCRIPTS, "generate-schemas.ts");
  const { stderr } = await promisify(execFile)(process.execPath, [script, "--check"]);
  assert.equal(stderr, "");
});

test("a CRD with a keyword that the validator does not know is not generated from", async () => {
  const { stripSchema } = await import(join(SCRIPTS, "schemas/strip-schema.ts"));
  const newer = {
    type: "object",
    properties: { a: { type: "string", description: "x", contentEncoding: "base64" } },
  };
  assert.throws(() => stripSchema(newer, "Kind"), /Kind\.properties\.a\.contentEncoding is a keyword/);
});
