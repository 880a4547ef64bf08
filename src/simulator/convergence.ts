import {
  findCondition,
  isPodActive,
  podCondition,
  VolumePool,
  type DaemonSet,
  type Deployment,
  type EndpointSlice,
  type Job,
  type KubeObject,
  type Node,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
  type Service,
  type StatefulSet,
} from "#objects";
import { controllerUid, isWanted, nodeOf } from "./invariants/daemons.ts";
import { named } from "./invariants/invariant.ts";
import type { Truth } from "./truth.ts";

/** What the cluster has not reached yet of what is wanted. Empty once everything is as it should be. */
export function unreached(truth: Truth): readonly string[] {
  return [
    ...deployments(truth),
    ...statefulSets(truth),
    ...daemonSets(truth),
    ...jobs(truth),
    ...pods(truth),
    ...endpoints(truth),
    ...volumes(truth),
    ...leavings(truth),
  ];
}

function* deployments(truth: Truth): Generator<string> {
  for (const deployment of truth.of<Deployment>("Deployment")) {
    const { metadata, spec, status } = deployment;
    const replicas = spec?.replicas ?? 1;
    const reached =
      status?.observedGeneration === metadata.generation &&
      (status?.replicas ?? 0) === replicas &&
      (status?.updatedReplicas ?? 0) === replicas &&
      (status?.availableReplicas ?? 0) === replicas;
    if (metadata.deletionTimestamp) yield `Deployment ${named(deployment)} is still being deleted`;
    else if (!reached) {
      const { replicas: total = 0, updatedReplicas = 0, availableReplicas = 0 } = status ?? {};
      yield `Deployment ${named(deployment)} wants ${replicas}: ${total} there, ${updatedReplicas} updated, ${availableReplicas} available`;
    }
  }
}

function* daemonSets(truth: Truth): Generator<string> {
  for (const set of truth.of<DaemonSet>("DaemonSet")) {
    const { metadata, spec, status } = set;
    if (metadata.deletionTimestamp) {
      yield `DaemonSet ${named(set)} is still being deleted`;
      continue;
    }
    const wanted = truth
      .of<Node>("Node")
      .filter((node) => isWanted(set, node))
      .map(named);
    const found = truth
      .of<Pod>("Pod")
      .filter((pod) => controllerUid(pod) === metadata.uid && isPodActive(pod))
      .map(nodeOf);
    const [a, b] = [wanted.toSorted().join(" "), found.toSorted().join(" ")];
    if (a !== b) yield `DaemonSet ${named(set)} has Pods on [${b}], it is meant for [${a}]`;
    const {
      desiredNumberScheduled,
      numberMisscheduled,
      updatedNumberScheduled = 0,
      numberAvailable = 0,
    } = status ?? {};
    const updated = spec?.updateStrategy?.type === "OnDelete" ? wanted.length : updatedNumberScheduled;
    const figures = [desiredNumberScheduled, updated, numberAvailable];
    if (
      status?.observedGeneration !== metadata.generation ||
      figures.some((figure) => figure !== wanted.length) ||
      numberMisscheduled !== 0
    ) {
      yield `DaemonSet ${named(set)} tells ${JSON.stringify(status)} of ${wanted.length} nodes`;
    }
  }
}

function* statefulSets(truth: Truth): Generator<string> {
  for (const set of truth.of<StatefulSet>("StatefulSet")) {
    const { metadata, spec, status } = set;
    const { type, rollingUpdate } = spec?.updateStrategy ?? {};
    const replicas = spec?.replicas ?? 1;
    const own = truth
      .of<Pod>("Pod")
      .filter(({ metadata: { ownerReferences = [] } }) => ownerReferences.some(({ uid }) => uid === metadata.uid));
    const names = new Set(own.map((pod) => pod.metadata.name));
    const updated = Array.from({ length: replicas }, (_, ordinal) => `${metadata.name}-${ordinal}`)
      .slice(type === "OnDelete" ? replicas : (rollingUpdate?.partition ?? 0))
      .map((name) => own.find((pod) => pod.metadata.name === name)?.metadata.labels?.["controller-revision-hash"]);
    const reached =
      status?.observedGeneration === metadata.generation &&
      (status?.replicas ?? 0) === replicas &&
      (status?.availableReplicas ?? 0) === replicas &&
      names.size === replicas &&
      updated.every((revision) => revision === status?.updateRevision);
    if (metadata.deletionTimestamp) yield `StatefulSet ${named(set)} is still being deleted`;
    else if (!reached) yield `StatefulSet ${named(set)} wants ${replicas}, has ${[...names].join(" ")}`;
  }
}

function* jobs(truth: Truth): Generator<string> {
  for (const job of truth.of<Job>("Job")) {
    const has = (type: string) => findCondition(job.status?.conditions, type)?.status === "True";
    if (job.metadata.deletionTimestamp) yield `Job ${named(job)} is still being deleted`;
    else if (!has("Complete") && !has("Failed")) yield `Job ${named(job)} has not ended`;
  }
}

function* pods(truth: Truth): Generator<string> {
  for (const pod of truth.of<Pod>("Pod")) {
    if (pod.metadata.deletionTimestamp) yield `Pod ${named(pod)} is still being deleted`;
    else if (pod.metadata.finalizers?.length) yield `Pod ${named(pod)} keeps ${pod.metadata.finalizers.join(", ")}`;
    else if (!isSettled(pod)) {
      yield `Pod ${named(pod)} is ${pod.status?.phase} on ${pod.spec?.nodeName ?? "no node"}`;
    }
  }
}

/** Only what a Job runs comes to its end by itself. */
function isSettled({ metadata, status }: Pod): boolean {
  const ofJob = metadata.ownerReferences?.some(({ kind }) => kind === "Job") ?? false;
  return (ofJob ? ["Succeeded", "Failed"] : ["Running", "Failed"]).includes(status?.phase ?? "");
}

const isReady = (pod: Pod) => podCondition(pod, "Ready")?.status === "True" && !pod.metadata.deletionTimestamp;

function* endpoints(truth: Truth): Generator<string> {
  for (const service of truth.of<Service>("Service")) {
    const { namespace = "", name = "" } = service.metadata;
    const selector = Object.entries(service.spec?.selector ?? {});
    if (selector.length === 0) continue;
    const wanted = truth
      .of<Pod>("Pod")
      .filter((pod) => pod.metadata.namespace === namespace && isReady(pod))
      .filter(({ metadata }) => selector.every(([label, value]) => metadata.labels?.[label] === value))
      .map(({ status }) => status?.podIP ?? "");
    const found = truth
      .of<EndpointSlice>("EndpointSlice")
      .filter(
        ({ metadata }) => metadata.namespace === namespace && metadata.labels?.["kubernetes.io/service-name"] === name,
      )
      .flatMap((slice) => slice.endpoints ?? [])
      .filter(({ conditions }) => conditions?.ready)
      .flatMap(({ addresses }) => addresses);
    const [a, b] = [[...new Set(wanted)].sort().join(" "), [...new Set(found)].sort().join(" ")];
    if (a !== b) yield `Service ${named(service)} leads to [${b}], its ready Pods are [${a}]`;
  }
}

/** Claims and volumes that do not agree, claims that wait for a volume that is there, and volumes that wait for nothing. */
function* volumes(truth: Truth): Generator<string> {
  const claims = truth.of<PersistentVolumeClaim>("PersistentVolumeClaim");
  const all = truth.of<PersistentVolume>("PersistentVolume");
  const pool = new VolumePool();
  for (const volume of all) pool.put(volume);
  for (const claim of claims) {
    const volume = all.find(({ metadata }) => metadata.name === claim.spec?.volumeName);
    const phase = claim.status?.phase;
    if (claim.metadata.deletionTimestamp) yield `claim ${named(claim)} is still being deleted`;
    else if (phase === "Bound" && volume?.spec?.claimRef?.uid !== claim.metadata.uid) {
      yield `claim ${named(claim)} is bound to ${claim.spec?.volumeName}, which is not bound to it`;
    } else if (phase !== "Bound" && (claim.spec?.storageClassName === "made" || pool.find(claim))) {
      yield `claim ${named(claim)} is ${phase}, and there is a volume for it`;
    }
  }
  for (const volume of all) {
    const { metadata, spec, status } = volume;
    const ref = spec?.claimRef;
    const isClaimed = claims.some(({ metadata: { uid } }) => uid === ref?.uid);
    const expected = !ref ? "Available" : isClaimed ? "Bound" : "Released";
    if (metadata.deletionTimestamp) yield `volume ${named(volume)} is still being deleted`;
    else if (status?.phase !== expected) yield `volume ${named(volume)} is ${status?.phase}, not ${expected}`;
    else if (expected === "Released" && spec?.persistentVolumeReclaimPolicy === "Delete") {
      yield `volume ${named(volume)} is still there`;
    }
  }
}

/** Objects whose owner or namespace is gone. */
function* leavings(truth: Truth): Generator<string> {
  const uids = new Set<string>();
  const namespaces = new Set<string>();
  for (const [, { kind, metadata }] of truth.all()) {
    uids.add(metadata.uid ?? "");
    if (kind === "Namespace") namespaces.add(metadata.name ?? "");
  }
  for (const [, object] of truth.all()) {
    const { namespace, ownerReferences = [], deletionTimestamp } = object.metadata;
    if (object.kind === "Namespace" && deletionTimestamp) yield `Namespace ${named(object)} is still being deleted`;
    if (object.kind === "Event") continue;
    if (namespace && !namespaces.has(namespace)) yield `${titled(object)} is in a namespace that is gone`;
    if (ownerReferences.length > 0 && !ownerReferences.some(({ uid }) => uids.has(uid))) {
      yield `${titled(object)} has lost its owner`;
    }
  }
}

const titled = (object: KubeObject) => `${object.kind} ${named(object)}`;
