const LEAST_MS = 10;
const MOST_MS = 500;

/**
 * How long the endpoints of a Service rest after they were written: the more there are, the more a write costs, and
 * the more changes gather until the next one. The first change after a rest is written at once.
 */
export const restAfter = (endpoints: number): number => Math.min(LEAST_MS + endpoints / 2, MOST_MS);
