import type { Pod } from "#objects";

/** Nodes that get a pod, and pods that go. */
export interface Changes {
  readonly create: readonly string[];
  readonly remove: readonly Pod[];
}

export type DaemonSetStep =
  /** One pod on each of the nodes. */
  | { readonly type: "create"; readonly nodes: readonly string[] }
  | { readonly type: "delete"; readonly pods: readonly Pod[] }
  /** A failed pod is deleted on the node: the next is left there for longer. */
  | { readonly type: "back-off"; readonly node: string }
  | { readonly type: "event"; readonly level: "Normal" | "Warning"; readonly reason: string; readonly message: string };

/** Pods created in one sync at most, and deleted (upstream BurstReplicas). */
export const BURST = 250;

/** The steps of the changes, as far as one sync makes them. */
export function stepsOf({ create, remove }: Changes): readonly DaemonSetStep[] {
  return [
    ...(create.length > 0 ? [{ type: "create", nodes: create.slice(0, BURST) } as const] : []),
    ...(remove.length > 0 ? [{ type: "delete", pods: remove.slice(0, BURST) } as const] : []),
  ];
}

export const describe = ({ create, remove }: Changes): string =>
  `${create.length} to create, ${remove.length} to delete`;
