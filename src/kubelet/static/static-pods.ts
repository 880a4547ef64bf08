import type { Clock, Log, Scope } from "#base";
import { revisionOf, updateStatus, type Client } from "#client";
import { equalJson, formatTime, hasReason, keyOf, PODS, type Node, type Pod, type PodStatus } from "#objects";
import type { PodRecord } from "../pod/record.ts";
import type { PodWorker } from "../pod/worker.ts";
import { fromMirror, isMirrorOf, mirrorOf, planMirror } from "./mirror.ts";

const RETRY_MS = 1_000;

/** Tells which pods a node is to run of itself. */
export interface StaticPodSource {
  /** Calls back with all there are, now and whenever they change, until the function that it returns is called. */
  subscribe(listener: (pods: readonly Pod[]) => void): () => void;
}

export interface StaticPodsOptions {
  readonly source: StaticPodSource;
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  readonly scope: Scope;
  readonly node: () => Node;
  /** Makes the worker of a pod and begins; `onGone` is called once nothing is left of it. */
  readonly start: (pod: Pod, record: PodRecord, onGone: () => void) => PodWorker;
}

/** The pods that a node runs of itself, and their mirrors at the API. */
export interface StaticPods {
  /** The API has a mirror pod like this. */
  observeMirror(mirror: Pod): void;
  /** The API has it no longer. */
  forgetMirror(mirror: Pod): void;
}

interface Running {
  readonly worker: PodWorker;
  readonly pod: Pod;
  readonly versions: { last: number };
  stopping: boolean;
}

/** All about the static pods of one name: only one of them runs at a time. */
interface Place {
  /** What the source asks for. */
  wanted?: Pod | undefined;
  running?: Running | undefined;
  /** What the API has. */
  mirror?: Pod | undefined;
  /** Of the pod that runs. */
  status?: PodStatus | undefined;
  /** The status that was written last, and to which mirror: the API may keep it in a form of its own. */
  told?: { readonly status: PodStatus; readonly uid: string | undefined } | undefined;
  /** The API is being written to. */
  busy: boolean;
  /** Something has changed since it was looked at for that. */
  again: boolean;
}

/** Runs what the source asks for. A pod whose manifest changes ends before the new one begins. */
export function startStaticPods(options: StaticPodsOptions): StaticPods {
  const { source, client, clock, log, scope } = options;
  const places = new Map<string, Place>();
  /** The source has said what there is to be. */
  let known = false;

  const placeOf = (key: string): Place => {
    let place = places.get(key);
    if (!place) places.set(key, (place = { busy: false, again: false }));
    return place;
  };

  const run = (key: string, place: Place, pod: Pod) => {
    // The mirror has the state of its containers, when this is another start of the same node.
    const status = place.mirror && isMirrorOf(place.mirror, pod) ? place.mirror.status : pod.status;
    const initial: Pod = status ? { ...pod, status } : pod;
    place.status = undefined;
    const versions = { last: revisionOf(pod.metadata.resourceVersion) };
    const record: PodRecord = {
      writeStatus(current, next) {
        place.status = next;
        settle(key);
        const metadata = { ...current.metadata, resourceVersion: String(++versions.last) };
        return Promise.resolve({ ...current, metadata, status: next });
      },
      finish: () => Promise.resolve(),
    };
    const worker = options.start(initial, record, () => {
      place.running = undefined;
      settle(key);
    });
    place.running = { worker, pod, versions, stopping: false };
  };

  const stop = (running: Running) => {
    running.stopping = true;
    const { pod } = running.worker.view;
    const grace = pod.spec?.terminationGracePeriodSeconds ?? 30;
    running.worker.dispatch({
      type: "observed",
      pod: {
        ...pod,
        metadata: {
          ...pod.metadata,
          resourceVersion: String(++running.versions.last),
          deletionTimestamp: formatTime(clock.now() + Number(grace) * 1000),
          deletionGracePeriodSeconds: grace,
        },
      },
    });
  };

  function settle(key: string): void {
    const place = places.get(key);
    if (!place || scope.signal.aborted) return;
    const { wanted, running } = place;
    if (running && !running.stopping && running.pod.metadata.uid !== wanted?.metadata.uid) stop(running);
    if (!running && wanted) run(key, place, wanted);
    void mirror(key, place);
  }

  /** Brings the API up to what there is, one write at a time. */
  async function mirror(key: string, place: Place): Promise<void> {
    place.again = true;
    if (place.busy || !known) return;
    place.busy = true;
    try {
      while (place.again && !scope.signal.aborted) {
        place.again = false;
        place.again = (await mirrorOnce(place)) || place.again;
      }
    } catch (error) {
      if (!scope.signal.aborted) {
        log.warn("the API could not be told of a static pod", { pod: key, error });
        const timer = clock.setTimeout(() => {
          forget();
          settle(key);
        }, RETRY_MS);
        const forget = scope.defer(() => timer.cancel());
      }
    } finally {
      place.busy = false;
    }
    if (!place.wanted && !place.running && !place.mirror) places.delete(key);
  }

  /** Does the next thing at the API; resolves to whether there may be more. */
  async function mirrorOnce(place: Place): Promise<boolean> {
    const { running, wanted, mirror: current, status } = place;
    const pod = running?.pod ?? wanted;
    switch (planMirror(pod, current)) {
      case "create":
        if (!pod) return false;
        try {
          drawn(place, await client.create(PODS, mirrorOf(pod, options.node())));
          return true;
        } catch (error) {
          // Of an earlier start: the watch is yet to bring it.
          if (hasReason(error, "AlreadyExists")) return false;
          throw error;
        }
      case "delete": {
        const { namespace = "", name = "", uid = "" } = current?.metadata ?? {};
        try {
          await client.delete(PODS, { namespace, name }, { gracePeriodSeconds: 0, preconditions: { uid } });
        } catch (error) {
          if (!hasReason(error, "NotFound", "Conflict")) throw error;
        }
        if (place.mirror?.metadata.uid === uid) place.mirror = undefined;
        return true;
      }
      case "none":
        if (!current || !status || equalJson(current.status, status)) return false;
        if (place.told?.status === status && place.told.uid === current.metadata.uid) return false;
        try {
          drawn(place, await updateStatus(client, PODS, { ...current, status }));
          place.told = { status, uid: current.metadata.uid };
          return true;
        } catch (error) {
          // What another client made of it arrives by the watch.
          if (hasReason(error, "NotFound", "Conflict")) return false;
          throw error;
        }
    }
  }

  /** As it was written. The watch may have been faster, and know more. */
  const drawn = (place: Place, mirror: Pod) => {
    if (isNewer(mirror, place.mirror)) place.mirror = mirror;
  };

  /** A mirror pod whose manifest is gone: its containers are stopped. */
  const endUnwanted = (key: string) => {
    const place = places.get(key);
    if (!known || !place?.mirror || place.wanted || place.running) return;
    run(key, place, fromMirror(place.mirror));
    settle(key);
  };

  const unsubscribe = source.subscribe((pods) => {
    known = true;
    const wanted = new Map(pods.map((pod) => [keyOf(pod), pod]));
    for (const key of wanted.keys()) placeOf(key);
    for (const [key, place] of places) {
      place.wanted = wanted.get(key);
      endUnwanted(key);
      settle(key);
    }
  });
  scope.defer(unsubscribe);

  return {
    observeMirror(pod) {
      const key = keyOf(pod);
      const place = placeOf(key);
      const { mirror: before } = place;
      if (!isNewer(pod, before)) return;
      place.mirror = pod;
      if (!before) endUnwanted(key);
      settle(key);
    },
    forgetMirror(pod) {
      const key = keyOf(pod);
      const place = places.get(key);
      if (place?.mirror?.metadata.uid !== pod.metadata.uid) return;
      place!.mirror = undefined;
      settle(key);
    },
  };
}

const isNewer = (pod: Pod, before: Pod | undefined) =>
  revisionOf(pod.metadata.resourceVersion) > revisionOf(before?.metadata.resourceVersion);
