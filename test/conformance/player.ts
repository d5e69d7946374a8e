import type { JsonObject } from "@routeledger/std";
import type { ConformanceCase, Step } from "./case.ts";
import type { EchoLog } from "./echo-log.ts";
import type { Target } from "./http-exchange.ts";
import type { SuiteObjects } from "./suite-objects.ts";

/** What the steps ask: a running Routeledger, and what stands around it. */
export interface SystemUnderTest {
  readonly suiteObjects: SuiteObjects;
  readonly echoLog: EchoLog;
  /**
   * Where the suite's symbolic address is, as the Gateway's status says.
   * @param address `<gateway>.<namespace>.gw[:<port>]` @param otherwise the port where it names none
   */
  target(address: string, otherwise: 80 | 443): Promise<Target>;
  /** A kind of Gateway API; the object with its status, undefined when there is none. */
  get(kind: string, namespace: string, name: string): Promise<JsonObject | undefined>;
}

/** What is wrong at this moment; nothing when the step is as expected. */
export type Player = (system: SystemUnderTest, step: Step, of: ConformanceCase) => Promise<string[]>;

export function wanted<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`a step with ${what}`);
  return value;
}
