import assert from "node:assert/strict";
import { test } from "node:test";
import { createLogger } from "./logger.ts";

test("a line is one JSON object with level, name, fields and message, without secrets", () => {
  const lines: string[] = [];
  const logger = createLogger({ name: "api", write: (line) => lines.push(line) });
  logger.child({ node: "n1" }).info({ revision: "1.4", headers: { authorization: "Bearer x" } }, "appended");
  logger.debug({}, "not at this level");
  assert.equal(lines.length, 1);
  const line = JSON.parse(lines[0] ?? "");
  assert.equal(line.level, "info");
  assert.equal(line.name, "api");
  assert.equal(line.node, "n1");
  assert.equal(line.revision, "1.4");
  assert.equal(line.msg, "appended");
  assert.equal(line.headers.authorization, "[secret]");
});
