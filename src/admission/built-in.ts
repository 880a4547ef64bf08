import type { Clock, Random } from "#base";
import type { Client, SharedCaches } from "#client";
import { PRIORITY_CLASSES, STORAGE_CLASSES } from "#objects";
import { admissionChain } from "./chain.ts";
import type { AdmissionChain } from "./contract.ts";
import { certificateSubjectRestriction } from "./plugins/certificate-subject.ts";
import { defaultTolerationSeconds } from "./plugins/default-toleration-seconds.ts";
import { namespaceLifecycle } from "./plugins/namespace-lifecycle.ts";
import { podResizeValidator } from "./plugins/pod-resize.ts";
import { podTopologyLabels } from "./plugins/pod-topology-labels.ts";
import { priority } from "./plugins/priority.ts";
import { runtimeClass } from "./plugins/runtime-class.ts";
import { serviceAccount } from "./plugins/service-account.ts";
import { defaultStorageClass, persistentVolumeClaimResize, storageObjectInUseProtection } from "./plugins/storage.ts";
import { taintNodesByCondition } from "./plugins/taint-nodes.ts";

export interface BuiltInAdmissionOptions {
  /** For single objects: the in-process client answers out of the registry's cache. */
  readonly client: Client;
  /** For kinds of which all objects count. Each is watched from the first time that it is needed. */
  readonly caches: SharedCaches;
  readonly clock: Clock;
  readonly random: Random;
}

/** The plugins that every API server runs, in upstream's order (kubeapiserver/options/plugins.go). */
export function builtInAdmission({ client, caches, clock, random }: BuiltInAdmissionOptions): AdmissionChain {
  return admissionChain([
    namespaceLifecycle(client),
    serviceAccount(client, clock, random),
    taintNodesByCondition,
    priority(client, () => caches.of(PRIORITY_CLASSES)),
    defaultTolerationSeconds,
    defaultStorageClass(() => caches.of(STORAGE_CLASSES)),
    storageObjectInUseProtection,
    persistentVolumeClaimResize(client),
    runtimeClass(client),
    certificateSubjectRestriction,
    podTopologyLabels(client),
    podResizeValidator(client),
  ]);
}
