/** A line that a simulated container writes, so many milliseconds after its start. */
export interface TimedLine {
  readonly afterMs: number;
  readonly text: string;
}

/** All that a container will ever write: some lines once, and perhaps some over and over again. */
export interface Timeline {
  readonly lines: readonly TimedLine[];
  /** From `startMs` on, every `periodMs`; `afterMs` counts from the turn's beginning. */
  readonly loop?: { readonly startMs: number; readonly periodMs: number; readonly lines: readonly TimedLine[] };
}

/** As a log that is rotated: what was written longer ago is gone. */
const MAX_LINES = 10_000;

/**
 * The lines written from `fromMs` (inclusive) to `untilMs` (inclusive) after the start; of more than 10,000 the
 * last. Costs time by what it returns, not by how long the container has run.
 */
export function linesBetween({ lines, loop }: Timeline, fromMs: number, untilMs: number): readonly TimedLine[] {
  const inside = ({ afterMs }: TimedLine) => afterMs >= fromMs && afterMs <= untilMs;
  const once = lines.filter(inside);
  if (!loop || loop.lines.length === 0) return once.slice(-MAX_LINES);
  const { startMs, periodMs } = loop;
  const last = Math.floor((untilMs - startMs) / periodMs);
  const most = Math.ceil(MAX_LINES / loop.lines.length);
  const first = Math.max(0, Math.floor((fromMs - startMs) / periodMs) - 1, last - most);
  const repeated: TimedLine[] = [];
  for (let turn = first; turn <= last; turn++) {
    for (const { afterMs, text } of loop.lines) {
      const line = { afterMs: startMs + turn * periodMs + afterMs, text };
      if (inside(line)) repeated.push(line);
    }
  }
  return [...once, ...repeated].slice(-MAX_LINES);
}

/** When the next line after `afterMs` comes; undefined when there is none. */
export function nextLineAt({ lines, loop }: Timeline, afterMs: number): number | undefined {
  const times = lines.filter((line) => line.afterMs > afterMs).map((line) => line.afterMs);
  if (loop && loop.lines.length > 0) {
    const turn = Math.max(0, Math.floor((afterMs - loop.startMs) / loop.periodMs));
    for (const candidate of [turn, turn + 1]) {
      for (const line of loop.lines) {
        const at = loop.startMs + candidate * loop.periodMs + line.afterMs;
        if (at > afterMs) times.push(at);
      }
    }
  }
  return times.length === 0 ? undefined : Math.min(...times);
}
