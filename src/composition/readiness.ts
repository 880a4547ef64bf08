import { sleep, type Clock } from "#base";
import type { SharedCaches } from "#client";
import { NODES, SERVICE_ACCOUNTS, type Node } from "#objects";
import { StartError } from "./start-error.ts";

const READY_TIMEOUT_MS = 60_000;

/** Names what keeps a cluster from being ready, or nothing. */
export type Unready = () => string | undefined;

/** Ready: every node takes pods, and the namespace `default` has its service account. */
export function unreadyOf(caches: SharedCaches, expectedNodes: number): Unready {
  const nodes = caches.of(NODES);
  const accounts = caches.of(SERVICE_ACCOUNTS);
  // Asked for again and again: going through a thousand nodes each time takes longer than starting them.
  nodes.addIndex("usable", (node) => (isUsable(node) ? "yes" : undefined));
  return () => {
    const ready = nodes.count("usable", "yes");
    if (ready < expectedNodes) return `${expectedNodes - ready} of ${expectedNodes} nodes are not ready`;
    return accounts.has("default/default") ? undefined : "the service account default/default is missing";
  };
}

/** Whether pods may come to a node. */
const isUsable = ({ spec, status }: Node): boolean =>
  status?.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True") === true &&
  !spec?.taints?.some(({ key }) => key === "node.kubernetes.io/not-ready");

/**
 * Waits in small steps: what it waits for is watched, so it comes about within moments.
 *
 * @throws StartError after a minute.
 */
export async function untilReady(clock: Clock, unready: Unready): Promise<void> {
  const deadline = clock.monotonic() + READY_TIMEOUT_MS;
  for (let why = unready(); why !== undefined; why = unready()) {
    if (clock.monotonic() > deadline) throw new StartError(`the cluster did not become ready: ${why}`);
    await sleep(clock, 2);
  }
}
