/** A count for each set of label values. */
export interface Counter {
  /** The count of these values, for the hot path: look it up once. */
  at(...values: readonly string[]): Cell;
}

/** One count or gauge. */
export interface Cell {
  value: number;
}

/** Sums and buckets for each set of label values. */
export interface Histogram {
  at(...values: readonly string[]): HistogramCell;
}

export interface HistogramCell {
  observe(value: number): void;
}

/** A set of metrics, written in Prometheus' text format. */
export interface Metrics {
  counter(name: string, help: string, labels: readonly string[]): Counter;
  gauge(name: string, help: string, labels: readonly string[]): Counter;
  histogram(name: string, help: string, labels: readonly string[], buckets: readonly number[]): Histogram;
  /** Asked when the text is made: rows of label values and a number. */
  computed(
    type: "counter" | "gauge",
    name: string,
    help: string,
    labels: readonly string[],
    read: () => Iterable<readonly [values: readonly string[], value: number]>,
  ): void;
  text(): string;
}

interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  lines(): Iterable<string>;
}

const SEPARATOR = "\u0000";

/** Makes an empty set of metrics. */
export function createMetrics(): Metrics {
  const families: Family[] = [];

  const cells = (type: "counter" | "gauge", name: string, help: string, labels: readonly string[]): Counter => {
    const known = new Map<string, { readonly cell: Cell; readonly text: string }>();
    families.push({
      name,
      help,
      type,
      *lines() {
        for (const { cell, text } of known.values()) yield `${name}${text} ${shown(cell.value)}`;
      },
    });
    return {
      at(...values) {
        const key = values.join(SEPARATOR);
        let found = known.get(key);
        if (!found) known.set(key, (found = { cell: { value: 0 }, text: labelText(labels, values) }));
        return found.cell;
      },
    };
  };

  return {
    counter: (name, help, labels) => cells("counter", name, help, labels),
    gauge: (name, help, labels) => cells("gauge", name, help, labels),
    histogram(name, help, labels, buckets) {
      const known = new Map<string, Buckets & { readonly values: readonly string[] }>();
      families.push({
        name,
        help,
        type: "histogram",
        *lines() {
          for (const { values, counts, total } of known.values())
            yield* bucketLines(name, labels, values, buckets, counts, total);
        },
      });
      return {
        at(...values) {
          const key = values.join(SEPARATOR);
          let found = known.get(key);
          if (!found) known.set(key, (found = { values, ...bucketsOf(buckets) }));
          return found;
        },
      };
    },
    computed(type, name, help, labels, read) {
      families.push({
        name,
        help,
        type,
        *lines() {
          for (const [values, value] of read()) yield `${name}${labelText(labels, values)} ${shown(value)}`;
        },
      });
    },
    text() {
      const lines: string[] = [];
      for (const family of families.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
        const values = [...family.lines()];
        if (values.length === 0) continue;
        lines.push(`# HELP ${family.name} ${family.help}`, `# TYPE ${family.name} ${family.type}`, ...values);
      }
      return `${lines.join("\n")}\n`;
    },
  };
}

interface Buckets extends HistogramCell {
  readonly counts: number[];
  readonly total: { sum: number; count: number };
}

function bucketsOf(bounds: readonly number[]): Buckets {
  const counts = bounds.map(() => 0);
  const total = { sum: 0, count: 0 };
  return {
    counts,
    total,
    observe(value) {
      total.sum += value;
      total.count++;
      for (let i = 0; i < bounds.length; i++) {
        if (value <= bounds[i]!) {
          counts[i]!++;
          return;
        }
      }
    },
  };
}

function* bucketLines(
  name: string,
  labels: readonly string[],
  values: readonly string[],
  bounds: readonly number[],
  counts: readonly number[],
  total: { readonly sum: number; readonly count: number },
): Generator<string> {
  let below = 0;
  const withBound = [...labels, "le"];
  for (let i = 0; i < bounds.length; i++) {
    below += counts[i]!;
    yield `${name}_bucket${labelText(withBound, [...values, shown(bounds[i]!)])} ${below}`;
  }
  yield `${name}_bucket${labelText(withBound, [...values, "+Inf"])} ${total.count}`;
  yield `${name}_sum${labelText(labels, values)} ${shown(total.sum)}`;
  yield `${name}_count${labelText(labels, values)} ${total.count}`;
}

function labelText(labels: readonly string[], values: readonly string[]): string {
  if (labels.length === 0) return "";
  return `{${labels.map((label, i) => `${label}="${escaped(values[i] ?? "")}"`).join(",")}}`;
}

const escaped = (text: string) => text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");

const shown = (value: number) => (Number.isFinite(value) ? String(value) : value > 0 ? "+Inf" : "NaN");
