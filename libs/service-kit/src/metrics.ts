import { Counter, Gauge, Histogram, Registry } from "prom-client";

export interface MetricOptions<Label extends string> {
  /** Without the prefix; the unit comes last, `_seconds`, `_bytes`; counters end in `_total`. */
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly Label[];
}

/** The metrics of one process, in the Prometheus text format. All names begin with `routeledger_`. */
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
