import { World } from "./world.ts";

export interface SimulationOptions {
  readonly seed: number;
  /** Of virtual time in which things fail; default 60. */
  readonly seconds?: number;
}

export interface SimulationResult {
  readonly seed: number;
  /** Empty: all invariants held, and the cluster reached what was wanted once faults stopped. */
  readonly problems: readonly string[];
  /** The last happenings, as lines. */
  readonly transcript: readonly string[];
  readonly commits: number;
  /** How many lists showed something older than what was committed when they were asked for. */
  readonly staleReads: number;
  /** Virtual milliseconds. */
  readonly tookMs: number;
}

/**
 * Runs a whole cluster on a virtual clock while processes die, links lose what they carry and disks fill, and checks the
 * invariants after every commit. The same seed makes the same run.
 */
export async function simulate({ seed, seconds = 60 }: SimulationOptions): Promise<SimulationResult> {
  const world = new World(seed);
  try {
    await world.start();
    await world.fail(seconds * 1000);
    await world.heal();
    await world.settle();
    await world.compare();
  } finally {
    await world.close();
  }
  return {
    seed,
    problems: world.problems,
    transcript: world.transcript.lines,
    commits: world.truth.log.length,
    staleReads: world.staleReads,
    tookMs: world.clock.monotonic(),
  };
}
