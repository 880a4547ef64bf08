import type { Clock, Random } from "#base";
import { formatTime, PODS, type AnyDraft, type Pod } from "#objects";
import type { FakeClient } from "./fake-client.ts";

/** Plays scheduler and kubelet for a {@link FakeClient}, one move at a time. */
export interface FakeKubelet {
  /** Binds a pod to a node and runs it, ready or not. */
  run(pod: Pod, ready: boolean): void;
  /** The pod's containers fail or recover. */
  setReady(pod: Pod, ready: boolean): void;
  /** The pod ends. */
  finish(pod: Pod, phase: "Succeeded" | "Failed"): void;
  /** A pod that is being deleted is gone. */
  kill(pod: Pod): void;
  /** Runs all pods that are not running, and finishes all that are being deleted. */
  settle(): void;
}

/** Makes a {@link FakeKubelet} that binds pods without a node to one of `node-0`, `node-1`, …, drawn from `random`. */
export function createFakeKubelet(client: FakeClient, clock: Clock, random: Random, nodes = 3): FakeKubelet {
  const keyFor = (pod: Pod) => ({ namespace: pod.metadata.namespace ?? "", name: pod.metadata.name ?? "" });
  const setStatus = (pod: Pod, phase: string, ready: boolean, change: (draft: AnyDraft) => void = () => {}) =>
    client.edit(PODS, keyFor(pod), (draft) => {
      change(draft);
      const old = (draft.status as Pod["status"])?.conditions?.find(({ type }) => type === "Ready");
      const status = ready ? "True" : "False";
      const lastTransitionTime =
        old?.status === status && old.lastTransitionTime ? old.lastTransitionTime : formatTime(clock.now());
      draft.status = { phase, conditions: [{ type: "Ready", status, lastTransitionTime }] };
    });
  const kubelet: FakeKubelet = {
    run(pod, ready) {
      setStatus(pod, "Running", ready, (draft) => {
        draft.spec = { ...(draft.spec as object), nodeName: pod.spec?.nodeName ?? `node-${random.int(nodes)}` };
      });
    },
    setReady: (pod, ready) => void setStatus(pod, "Running", ready),
    finish: (pod, phase) => void setStatus(pod, phase, false),
    kill: (pod) => client.remove(PODS, keyFor(pod)),
    settle() {
      for (const pod of client.all(PODS)) {
        if (pod.metadata.deletionTimestamp !== undefined) kubelet.kill(pod);
        else if (pod.status?.phase === undefined) kubelet.run(pod, true);
      }
    },
  };
  return kubelet;
}
