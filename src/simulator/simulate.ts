import type { MakeDisk } from "./disk.ts";
import { World } from "./world.ts";

export interface SimulationOptions {
  readonly seed: number;
  /** Of virtual time in which things fail; default 60. */
  readonly seconds?: number;
  /** What the store keeps its data on; default memory. */
  readonly disk?: MakeDisk;
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
export async function simulate({ seed, seconds = 60, disk }: SimulationOptions): Promise<SimulationResult> {
  const world = new World(seed, disk);
  try {
    await world.start();
    await world.fail(seconds * 1000);
    await world.heal();
    await world.settle();
    await world.compare();
  } catch (error) {
    world.failed("the run failed", error);
  }
  try {
    await world.close();
  } catch (error) {
    world.failed("what the processes had in hand does not end", error);
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
