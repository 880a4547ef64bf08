import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod, ReplicaSet } from "#objects";
import { measure } from "./measure.ts";
import type { LiveCluster } from "./live-cluster.ts";

const owned = (name: string, kind: string, owner: string, hash = "") => ({
  name,
  labels: { "pod-template-hash": hash },
  ownerReferences: [{ apiVersion: "apps/v1", kind, name: owner, uid: "u", controller: true }],
});
const READY = { phase: "Running", conditions: [{ type: "Ready", status: "True" }] };
const pod = (hash: string, number: number): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: owned(`web-${hash}-${number}`, "ReplicaSet", `web-${hash}`, hash),
  status: READY,
});
const set = (hash: string, replicas: number): ReplicaSet => ({
  apiVersion: "apps/v1",
  kind: "ReplicaSet",
  metadata: owned(`web-${hash}`, "Deployment", "web", hash),
  spec: { replicas, selector: {} },
});

test("Pods count before their ReplicaSet is seen: each kind is watched by itself", () => {
  const replicaSets = new Map([["web-a", set("a", 2)]]);
  const pods = new Map([pod("a", 1), pod("a", 2)].map((one) => [one.metadata.name ?? "", one]));
  let look = () => {};
  const live: LiveCluster = {
    deployments: new Map(),
    replicaSets,
    pods,
    onChange(listener) {
      look = listener;
      return () => (look = () => {});
    },
    until: () => Promise.resolve(true),
  };
  const measurement = measure(live, "web");
  for (const number of [1, 2]) {
    pods.set(`web-b-${number}`, pod("b", number));
    look();
    pods.delete(`web-a-${number}`);
    look();
  }
  pods.set("other-c-1", { ...pod("c", 1), metadata: owned("other-c-1", "ReplicaSet", "other-c", "c") });
  replicaSets.set("web-b", set("b", 2));
  look();
  replicaSets.set("web-a", set("a", 0));
  look();
  const { fewestReady, mostPods, mixed, resizes } = measurement.stop();
  assert.deepEqual({ fewestReady, mostPods, mixed, resizes }, { fewestReady: 2, mostPods: 3, mixed: true, resizes: 1 });
});
