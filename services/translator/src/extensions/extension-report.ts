import type { Metrics } from "@routeledger/service-kit";
import type { WantedCall } from "@routeledger/translation";

/** Upper bounds of the time of a call with all its tries, seconds. */
const callSecondsBuckets = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** What is asked of one extension. */
export interface ExtensionCounts {
  readonly waiting: number;
  readonly failing: number;
}

/** Calls of extension servers, as metrics; only a leading translator makes any. */
export class ExtensionReport {
  /** What is asked of each extension now, by name. */
  counts: () => ReadonlyMap<string, ExtensionCounts> = () => new Map();
  readonly #calls;
  readonly #seconds;

  constructor(metrics: Metrics | undefined) {
    this.#calls = metrics?.counter({
      name: "translator_extension_calls_total",
      help: "questions that extension servers were asked, by outcome: OK, or why there is no answer",
      labels: ["extension", "hook", "outcome"],
    });
    this.#seconds = metrics?.histogram({
      name: "translator_extension_call_seconds",
      help: "time that a question took, with all its tries",
      buckets: callSecondsBuckets,
      labels: ["extension", "hook"],
    });
    const gauge = (name: string, help: string, value: (of: ExtensionCounts) => number) =>
      metrics?.observedGauges({ name, help, labels: ["extension"] }, () =>
        [...this.counts()].map(([extension, of]) => ({ labels: { extension }, value: value(of) })),
      );
    gauge("translator_extension_waiting", "questions that wait for an answer", ({ waiting }) => waiting);
    gauge(
      "translator_extension_failing",
      "questions that have no answer and are asked again and again",
      ({ failing }) => failing,
    );
  }

  /** A question begins; call what is returned when it ends. */
  asking(extension: string, hook: string): () => void {
    return this.#seconds?.startTimer({ extension, hook }) ?? (() => {});
  }

  settled({ extension, hook }: WantedCall, outcome: string): void {
    this.#calls?.inc({ extension, hook, outcome });
  }
}
