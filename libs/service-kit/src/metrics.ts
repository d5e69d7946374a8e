import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

export interface MetricOptions<Label extends string> {
  /** Without the prefix; the unit comes last, `_seconds`, `_bytes`; counters end in `_total`. */
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly Label[];
}

/** The metrics of one process, in the Prometheus text format. Names begin with `routeledger_`, but those of
 * `addProcessMetrics`. */
export class Metrics {
  readonly #registry = new Registry();
  readonly contentType: string = Registry.PROMETHEUS_CONTENT_TYPE;

  counter<Label extends string = never>(options: MetricOptions<Label>): Counter<Label> {
    return new Counter({ ...this.#common(options) });
  }

  gauge<Label extends string = never>(options: MetricOptions<Label>): Gauge<Label> {
    return new Gauge({ ...this.#common(options) });
  }

  /** @param options buckets are upper bounds in the unit of the name */
  histogram<Label extends string = never>(
    options: MetricOptions<Label> & { readonly buckets: readonly number[] },
  ): Histogram<Label> {
    return new Histogram({ ...this.#common(options), buckets: [...options.buckets] });
  }

  /** A gauge whose value is asked for when the page is read. */
  observedGauge(options: MetricOptions<never>, observe: () => Promise<number> | number): void {
    const { name, help, registers } = this.#common(options);
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        this.set(await observe());
      },
    });
  }

  /** The same, a value for each combination of labels; those that are left out are not on the page. */
  observedGauges<Label extends string>(
    options: MetricOptions<Label>,
    observe: () => Iterable<{ readonly labels: Readonly<Record<Label, string>>; readonly value: number }>,
  ): void {
    new Gauge<Label>({
      ...this.#common(options),
      collect() {
        this.reset();
        for (const { labels, value } of observe()) this.labels({ ...labels }).set(value);
      },
    });
  }

  /** CPU, memory, file descriptors, event loop and garbage collection of the process, under Prometheus' own names. */
  addProcessMetrics(): void {
    collectDefaultMetrics({ register: this.#registry });
  }

  /** The page that Prometheus reads. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  #common<Label extends string>({ name, help, labels }: MetricOptions<Label>) {
    return {
      name: `routeledger_${name}`,
      help,
      labelNames: [...(labels ?? [])] as Label[],
      registers: [this.#registry],
    };
  }
}
