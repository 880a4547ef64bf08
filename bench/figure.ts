/** One number that was measured. */
export interface Measure {
  readonly name: string;
  readonly value: number;
  readonly unit: Unit;
}

/** What a number counts. Of rates more is better, of all else less. */
export type Unit = "/s" | "MB/s" | "ms" | "MB" | "% CPU" | "pods available";

/** A measure on every target that it was taken on. */
export interface Figure {
  readonly section: string;
  readonly name: string;
  readonly unit: Unit;
  /** By the name of the target: the median over the rounds. */
  readonly values: Readonly<Record<string, number>>;
}

const MORE_IS_BETTER: readonly Unit[] = ["/s", "MB/s", "pods available"];

/** How many times better `ours` is than `theirs`. */
export function advantage(unit: Unit, ours: number, theirs: number): number {
  return MORE_IS_BETTER.includes(unit) ? ours / theirs : theirs / ours;
}

/** The value that a share `q` of the values lies below; NaN of none. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? NaN;
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** p50 and p99 of some durations in milliseconds. */
export const spread = (name: string, durations: readonly number[]): Measure[] => [
  { name: `${name}: p50`, value: quantile(durations, 0.5), unit: "ms" },
  { name: `${name}: p99`, value: quantile(durations, 0.99), unit: "ms" },
];

/** Takes the medians, by target and name, of what several rounds measured. */
export function figuresOf(section: string, rounds: ReadonlyMap<string, readonly (readonly Measure[])[]>): Figure[] {
  const first = [...rounds.values()].flat(2);
  const units = new Map(first.map(({ name, unit }) => [name, unit]));
  return [...units].map(([name, unit]) => ({
    section,
    name,
    unit,
    values: Object.fromEntries(
      [...rounds].flatMap(([target, measured]) => {
        const values = measured.flat().filter((measure) => measure.name === name);
        return values.length > 0 ? [[target, median(values.map(({ value }) => value))]] : [];
      }),
    ),
  }));
}
