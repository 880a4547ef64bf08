import type { Cache } from "#client";
import type { Pod } from "#objects";
import type { Kubelet } from "./kubelet.ts";

const BY_NODE = "node";

/** Hands pods to the kubelets of their nodes. */
export interface PodFeed {
  /** Hands over the pods that the kubelet's node has already. */
  startWith(kubelet: Kubelet): void;
}

/** One watch on the pods for all kubelets of this process. The cache must have synced. */
export function feedPods(pods: Cache<Pod>, kubelets: ReadonlyMap<string, Kubelet>): PodFeed {
  pods.addIndex(BY_NODE, (pod) => pod.spec?.nodeName);
  pods.subscribe(
    ({ type, object }) => {
      const kubelet = kubelets.get(object.spec?.nodeName ?? "");
      if (type === "deleted") kubelet?.forget(object);
      else kubelet?.observe(object);
    },
    { replay: false },
  );
  return {
    startWith(kubelet) {
      for (const pod of pods.index(BY_NODE, kubelet.nodeName)) kubelet.observe(pod);
    },
  };
}
