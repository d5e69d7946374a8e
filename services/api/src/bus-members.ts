import { fromUtf8, type JsonObject } from "@routeledger/std";
import { apiFailure } from "./api-failure.ts";

/** The members of a request on the bus, which is one JSON object. */
export class BusMembers {
  readonly all: JsonObject;

  private constructor(all: JsonObject) {
    this.all = all;
  }

  /** @throws Failure `badRequest` for what is no JSON object in UTF-8 */
  static of(body: Uint8Array): BusMembers {
    let parsed: unknown;
    try {
      parsed = JSON.parse(fromUtf8(body));
    } catch {
      // The parser's message quotes what it read: it may be a part of a Secret (P11).
      throw apiFailure("badRequest", "the request: expected JSON in UTF-8");
    }
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) {
      return new BusMembers(parsed as JsonObject);
    }
    throw apiFailure("badRequest", "the request: expected a JSON object");
  }

  /** @throws Failure `badRequest` that names members which are none of these: a misspelt option must not be ignored */
  expect(...names: readonly string[]): void {
    const unknown = Object.keys(this.all).filter((name) => !names.includes(name));
    if (unknown.length === 0) return;
    throw apiFailure(
      "badRequest",
      `unknown ${unknown.join(", ").slice(0, 200)}`,
      `known: ${names.join(", ")}`,
    );
  }

  /** @throws Failure `badRequest` when none of them is there, or several are */
  expectOneOf(...names: readonly string[]): void {
    const given = names.filter((name) => this.all[name] !== undefined);
    if (given.length !== 1) throw apiFailure("badRequest", `expected one of ${names.join(", ")}`);
  }

  /** Undefined where it is absent or empty. @throws Failure `badRequest` */
  text(name: string): string | undefined {
    const value = this.all[name];
    if (value === undefined || value === null || value === "") return undefined;
    if (typeof value === "string") return value;
    throw apiFailure("badRequest", `${name}: expected a string`);
  }

  /** False where it is absent. @throws Failure `badRequest` */
  flag(name: string): boolean {
    const value = this.all[name] ?? false;
    if (typeof value === "boolean") return value;
    throw apiFailure("badRequest", `${name}: expected true or false`);
  }
}
