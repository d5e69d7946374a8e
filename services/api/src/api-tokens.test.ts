import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "@routeledger/std";
import { parseTokens } from "./api-tokens.ts";

const alice = "a-token-of-alice-1234";
const second = "another-token-of-alice";
const ci = "x7Rk/9+aQ==kd83kd02kd";

test("a token names its actor, who may have several; comments and empty lines say nothing", () => {
  const tokens = parseTokens(
    `# people\nalice ${alice}\r\n\n  alice\t${second}\n#bob ${ci}x\nci/deploy@main ${ci}\n`,
  );
  assert.equal(tokens.actorOf(alice), "alice");
  assert.equal(tokens.actorOf(second), "alice");
  assert.equal(tokens.actorOf(ci), "ci/deploy@main");
});

test("what is nobody's token names nobody: a part of one, one more character, another case, nothing", () => {
  const tokens = parseTokens(`alice ${alice}`);
  for (const token of [alice.slice(1), alice.slice(0, -1), `${alice}5`, alice.toUpperCase(), "", "alice"]) {
    assert.equal(tokens.actorOf(token), undefined, token);
  }
});

test("each line that is none is named by its number, and no token is shown", () => {
  const text = [`alice ${alice}`, "bob short", `-eve ${ci}`, `carol ${alice}`, "dave a b c", "erin"].join(
    "\n",
  );
  assert.throws(
    () => parseTokens(text),
    (error: unknown) => {
      assert.ok(error instanceof Failure);
      assert.equal(error.code, "api.tokens");
      assert.match(error.message, /line 2: the token of bob: expected 16 to 1024 characters, got 5/);
      assert.match(error.message, /line 3: an actor is/);
      assert.match(error.message, /line 4: the token of line 1 again/);
      assert.match(error.message, /line 5: expected/);
      assert.match(error.message, /line 6: the token of erin: .* got 0/);
      assert.ok(!error.message.includes(alice) && !error.message.includes("short"), "no token is shown");
      return true;
    },
  );
});

test("no token's actor is taken for somebody on the bus", () => {
  assert.throws(() => parseTokens(`bus/alice ${alice}`), /line 1: an actor that begins with bus\//);
});

test("a file without a token is refused: nobody could ask anything", () => {
  assert.throws(() => parseTokens("# nothing yet\n\n"), /no token in it/);
});
