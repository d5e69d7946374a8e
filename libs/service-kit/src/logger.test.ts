import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "@routeledger/std";
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

test("a failure is its code, message, hint, fields and cause, without a stack; an unexpected error has one", () => {
  const lines: string[] = [];
  const logger = createLogger({ name: "api", write: (line) => lines.push(line) });
  const cause = new Error("ECONNREFUSED");
  const details = { code: "nats.unreachable", retryable: true, hint: "start it", fields: { stream: "XDS" } };
  logger.error({ err: new Failure("connect", { ...details, cause }) }, "cannot");
  logger.error({ err: new TypeError("x is undefined") }, "cannot");
  const [failure, unexpected] = lines.map((line) => JSON.parse(line).err);
  assert.deepEqual(failure, {
    ...{ code: "nats.unreachable", message: "connect", hint: "start it", stream: "XDS" },
    cause: "Error: ECONNREFUSED",
  });
  assert.match(unexpected.stack, /logger\.test/);
});
