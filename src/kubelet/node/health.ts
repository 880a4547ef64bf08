import type { Shortage } from "./shortage.ts";

/** The health of a node. */
export interface NodeHealth {
  readonly memoryPressure: boolean;
  readonly diskPressure: boolean;
  readonly pidPressure: boolean;
  /** Why it cannot run pods; empty when it can. */
  readonly problems: readonly string[];
}

/** Watches the health of a node. */
export interface NodeMonitor {
  readonly health: NodeHealth;
  /** Calls back whenever the health has changed, until the function that it returns is called. */
  subscribe(listener: () => void): () => void;
  /** What the node is short of at this moment, measured anew. Absent where nothing is measured. */
  look?(): Promise<readonly Shortage[]>;
  /** Whether images, and what containers write over them, have a disk of their own. */
  readonly imagesApart?: boolean;
}

export const WELL: NodeHealth = { memoryPressure: false, diskPressure: false, pidPressure: false, problems: [] };
