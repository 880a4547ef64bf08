/** A seed that once failed, with what it found. */
export interface KeptSeed {
  readonly seed: number;
  readonly seconds: number;
  readonly found: string;
}

/**
 * Seeds that found something. The same seed makes another run once the code draws other numbers, so each of these
 * faults also has a test of its own.
 */
export const KEPT_SEEDS: readonly KeptSeed[] = [
  { seed: 2, seconds: 60, found: "a kubelet that starts during an outage gave up registering its node" },
  { seed: 24, seconds: 60, found: "a kubelet logged a bug when the API could not be told that a Pod is gone" },
  {
    seed: 321,
    seconds: 20,
    found: "a namespace went before every API server knew of its deletion, and one made objects in it afterwards",
  },
];
