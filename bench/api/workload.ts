import type { Measure } from "../figure.ts";
import type { Target } from "./target.ts";

/** Something that clients do to an API server, small enough to take turns with others. */
export interface ApiWorkload {
  readonly name: string;
  /** What has to be there first; not measured. */
  prepare?(target: Target): Promise<void>;
  run(target: Target, scale: Scale): Promise<readonly Measure[]>;
}

/** How much of everything is done. */
export interface Scale {
  readonly rounds: number;
  /** How long each load goes on. */
  readonly ms: number;
  readonly events: number;
}

/** Throws unless the server did what it was asked to: figures of refusals are worth nothing. */
export function expectStatus(actual: number, expected: number, what: string): void {
  if (actual !== expected) throw new Error(`${what}: the server answered ${actual}`);
}
