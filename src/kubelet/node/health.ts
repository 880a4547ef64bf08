/** How a node fares. */
export interface NodeHealth {
  readonly memoryPressure: boolean;
  readonly diskPressure: boolean;
  readonly pidPressure: boolean;
  /** Why it cannot run pods; empty when it can. */
  readonly problems: readonly string[];
}

/** Keeps an eye on a node. */
export interface NodeMonitor {
  readonly health: NodeHealth;
  /** Calls back whenever the health has changed, until the function that it returns is called. */
  subscribe(listener: () => void): () => void;
}

export const WELL: NodeHealth = { memoryPressure: false, diskPressure: false, pidPressure: false, problems: [] };
