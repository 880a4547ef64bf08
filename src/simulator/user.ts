import type { Random } from "#base";
import type { Client } from "#client";
import type { KubeObject } from "#objects";
import type { Truth } from "./truth.ts";

/** What a user of the simulated cluster has at hand. */
export interface UserOptions {
  readonly client: Client;
  readonly random: Random;
  readonly truth: () => Truth;
  /** Says what the user does. */
  readonly note: (line: string) => void;
  /** Called with every write that was acknowledged, as it was answered. */
  readonly onAcknowledged: (object: KubeObject) => void;
}
