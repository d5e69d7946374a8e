import type { Metrics } from "@routeledger/service-kit";
import { type Revision, revision } from "@routeledger/std";
import { ExtensionReport } from "./extensions/extension-report.ts";

export type TranslatorRole = "standby" | "leading";

/** Upper bounds of the time that a publication takes, from the items of CONFIG to XDS, seconds. */
const publicationSecondsBuckets = [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

/** What one translator says of itself, for readiness checks and as metrics. */
export class TranslatorReport {
  role: TranslatorRole = "standby";
  /** Of its last leadership; 0 when it never led. */
  term = 0;
  publishedTo: Revision = revision(0, 0);
  /** Last sequence of CONFIG that a leader has seen. */
  #configLast = 0;
  readonly extensions: ExtensionReport;
  #purgedTo = { config: 0, xds: 0 };
  readonly #publicationSeconds;
  readonly #publications;
  readonly #checkpointSeconds;
  readonly #terms;

  readonly #caughtUp = Promise.withResolvers<void>();

  constructor(metrics: Metrics | undefined) {
    this.extensions = new ExtensionReport(metrics);
    this.#publications = metrics?.counter({ name: "translator_publications_total", help: "publications" });
    this.#terms = metrics?.counter({ name: "translator_terms_total", help: "terms that this process led" });
    this.#publicationSeconds = metrics?.histogram({
      name: "translator_publication_seconds",
      help: "time from reading events to having published what they became",
      buckets: publicationSecondsBuckets,
    });
    this.#checkpointSeconds = metrics?.gauge({
      name: "translator_checkpoint_seconds",
      help: "time that the last round of checkpoints took",
    });
    metrics?.observedGauge({ name: "translator_leads", help: "1 while this process leads" }, () =>
      this.role === "leading" ? 1 : 0,
    );
    metrics?.observedGauge({ name: "translator_term", help: "its last term" }, () => this.term);
    metrics?.observedGauge(
      { name: "translator_behind_messages", help: "messages of CONFIG that are not published, of a leader" },
      () => this.behind,
    );
    metrics?.observedGauge(
      { name: "translator_config_purged_before", help: "oldest sequence that CONFIG kept at the last purge" },
      () => this.#purgedTo.config,
    );
    metrics?.observedGauge(
      { name: "translator_xds_purged_before", help: "oldest sequence that XDS kept at the last purge" },
      () => this.#purgedTo.xds,
    );
  }

  /** Resolves when this process has published for the first time what waited when it began to lead. */
  get caughtUp(): Promise<void> {
    return this.#caughtUp.promise;
  }

  /** Messages of CONFIG that are not published; 0 for a standby, which publishes nothing. */
  get behind(): number {
    return this.role === "leading" ? Math.max(0, this.#configLast - this.publishedTo.sequence) : 0;
  }

  leads(term: number): void {
    this.role = "leading";
    this.term = term;
    this.#terms?.inc();
  }

  /** A standby has read that so much is published. */
  followed(to: Revision): void {
    this.publishedTo = to;
  }

  standsBy(): void {
    this.role = "standby";
  }

  surveyed(configLast: number): void {
    this.#configLast = configLast;
  }

  published(to: Revision, seconds: number): void {
    this.publishedTo = to;
    this.#caughtUp.resolve();
    this.#configLast = Math.max(this.#configLast, to.sequence);
    this.#publications?.inc();
    this.#publicationSeconds?.observe(seconds);
  }

  checkpointed(seconds: number): void {
    this.#checkpointSeconds?.set(seconds);
  }

  purged(before: { readonly config: number; readonly xds: number }): void {
    this.#purgedTo = before;
  }
}
