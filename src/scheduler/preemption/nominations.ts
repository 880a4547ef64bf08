import { prepareFilters } from "../decide.ts";
import type { PodInfo } from "../model/pod-info.ts";
import type { Plugins } from "../plugins/default-plugins.ts";
import type { Refusal } from "../plugins/plugin.ts";
import type { NodeInfo } from "../snapshot/node-info.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";

/**
 * Pods for which room is being made on a node. Until they get there, pods of lower priority must not take that
 * room; those of higher priority may.
 */
export class Nominations {
  readonly #byNode = new Map<string, Map<string, PodInfo>>();
  readonly #nodeOf = new Map<string, string>();

  /** Promises a pod a node, instead of whatever it was promised before; an empty name: none. */
  set(pod: PodInfo, nodeName: string): void {
    this.remove(pod.uid);
    if (nodeName === "") return;
    this.#nodeOf.set(pod.uid, nodeName);
    const known = this.#byNode.get(nodeName);
    if (known) known.set(pod.uid, pod);
    else this.#byNode.set(nodeName, new Map([[pod.uid, pod]]));
  }

  /** Whether there was one. */
  remove(uid: string): boolean {
    const nodeName = this.#nodeOf.get(uid);
    if (nodeName === undefined) return false;
    this.#nodeOf.delete(uid);
    const pods = this.#byNode.get(nodeName);
    if (pods?.delete(uid) && pods.size === 0) this.#byNode.delete(nodeName);
    return true;
  }

  get size(): number {
    return this.#nodeOf.size;
  }

  nodeOf(uid: string): string | undefined {
    return this.#nodeOf.get(uid);
  }

  /** The pods that are promised the node and that `pod` has to respect. */
  ahead(pod: PodInfo, nodeName: string): readonly PodInfo[] {
    const pods = this.#byNode.get(nodeName);
    if (!pods) return [];
    return [...pods.values()].filter(({ uid, priority }) => uid !== pod.uid && priority >= pod.priority);
  }

  /** The pods that are promised the node and have a lower priority. */
  behind(pod: PodInfo, nodeName: string): readonly PodInfo[] {
    const pods = this.#byNode.get(nodeName);
    if (!pods) return [];
    return [...pods.values()].filter(({ uid, priority }) => uid !== pod.uid && priority < pod.priority);
  }
}

/** Tests a pod on a node as it would be with the pods there that are promised it. The snapshot is as before afterwards. */
export function testWithNominated(
  pod: PodInfo,
  node: NodeInfo,
  ahead: readonly PodInfo[],
  snapshot: Snapshot,
  plugins: Plugins,
): Refusal | undefined {
  const added = ahead.filter(({ uid }) => !snapshot.placed(uid));
  for (const one of added) snapshot.setPod(one, node.name);
  try {
    const prepared = prepareFilters(pod, snapshot, plugins);
    return "refusal" in prepared ? prepared.refusal : prepared.test(node);
  } finally {
    for (const { uid } of added) snapshot.removePod(uid);
  }
}
