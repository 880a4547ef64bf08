import { isPodActive, PODS, REPLICA_SETS, type ReplicaSet } from "#objects";
import { controllerOf, matcherOf, type ControllerDefinition } from "../framework/index.ts";
import { replicaController, type ReplicaKind } from "./replicas.ts";

const replicaSets: ReplicaKind<ReplicaSet> = {
  name: "replicaset-controller",
  type: REPLICA_SETS,
  replicas: ({ spec }) => spec?.replicas ?? 1,
  minReadySeconds: ({ spec }) => spec?.minReadySeconds ?? 0,
  template: ({ spec }) => spec?.template,
  matcher: ({ spec }) => matcherOf(spec?.selector),
  status: ({ status }) => status,
  withStatus: (object, status) => ({ ...object, status }),
  countsTerminating: true,
  related(object, caches, own) {
    const deployment = controllerOf(object);
    if (!deployment) return own;
    const pods = caches.of(PODS);
    return caches
      .of(REPLICA_SETS)
      .index("controller", deployment.uid)
      .flatMap((set) => pods.index("controller", set.metadata.uid ?? "").filter(isPodActive));
  },
};

/** Keeps the number of pods of every ReplicaSet. */
export const replicaSetController: ControllerDefinition = replicaController(replicaSets);
