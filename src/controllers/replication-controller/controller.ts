import { REPLICATION_CONTROLLERS, type ReplicationController } from "#objects";
import { matcherOfSet, type ControllerDefinition } from "../framework/index.ts";
import { replicaController, type ReplicaKind } from "../replica-set/replicas.ts";

const replicationControllers: ReplicaKind<ReplicationController> = {
  name: "replication-controller",
  type: REPLICATION_CONTROLLERS,
  replicas: ({ spec }) => spec?.replicas ?? 1,
  minReadySeconds: ({ spec }) => spec?.minReadySeconds ?? 0,
  template: ({ spec }) => spec?.template,
  matcher: ({ spec }) => matcherOfSet(spec?.selector),
  status: ({ status }) => status,
  withStatus: (object, status) => ({ ...object, status }),
  countsTerminating: false,
  related: (_object, _caches, own) => own,
};

/** Keeps the number of pods of every ReplicationController, the way ReplicaSets do. */
export const replicationControllerController: ControllerDefinition = replicaController(replicationControllers);
