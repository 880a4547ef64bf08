import { revisionOf } from "#client";
import { formatTime, type Pod, type PodStatus } from "#objects";
import type { PodRecord } from "../pod/record.ts";
import type { PodWorker } from "../pod/worker.ts";
import { MirrorWriter, type MirrorWriterOptions } from "./mirror-writer.ts";
import { fromMirror, isMirrorOf } from "./mirror.ts";

export interface PlaceOptions extends MirrorWriterOptions {
  /** Makes the worker of a pod and begins; `onGone` is called once nothing is left of it. */
  readonly start: (pod: Pod, record: PodRecord, onGone: () => void) => PodWorker;
}

/** What the source asks for under a name; unknown until it has said what there is to be. */
export type Wanted = Pod | "none" | "unknown";

interface Running {
  readonly worker: PodWorker;
  readonly pod: Pod;
  /** Of the pod's versions as its worker sees them: there is no API to count them. */
  readonly versions: { last: number };
  stopping: boolean;
}

/** All about the static pods of one name: only one of them runs at a time. */
export class Place {
  readonly #options: PlaceOptions;
  readonly #writer: MirrorWriter;
  #wanted: Wanted;
  #running: Running | undefined;
  /** Of the pod that runs. */
  #status: PodStatus | undefined;

  /** `onEmpty`: nothing is left of any pod of this name. */
  constructor(key: string, wanted: Wanted, options: PlaceOptions, onEmpty: () => void) {
    this.#options = options;
    this.#wanted = wanted;
    this.#writer = new MirrorWriter(key, options, () => {
      if (this.#wanted === "none" && !this.#running && !this.#writer.mirror) onEmpty();
    });
  }

  want(wanted: Wanted): void {
    this.#wanted = wanted;
    this.#endUnwanted();
    this.#settle();
  }

  /** The API has a mirror pod like this. */
  observeMirror(mirror: Pod): void {
    const first = !this.#writer.mirror;
    if (!this.#writer.observe(mirror)) return;
    if (first) this.#endUnwanted();
    this.#settle();
  }

  /** The API has it no longer. */
  forgetMirror(mirror: Pod): void {
    if (this.#writer.forget(mirror.metadata.uid)) this.#settle();
  }

  /** A mirror pod whose manifest is gone: its containers are stopped. */
  #endUnwanted(): void {
    const { mirror } = this.#writer;
    if (this.#wanted === "none" && !this.#running && mirror) this.#run(fromMirror(mirror));
  }

  #settle(): void {
    if (this.#options.scope.signal.aborted || this.#wanted === "unknown") return;
    const wanted = this.#wanted === "none" ? undefined : this.#wanted;
    const running = this.#running;
    if (running && !running.stopping && running.pod.metadata.uid !== wanted?.metadata.uid) this.#stop(running);
    if (!running && wanted) this.#run(wanted);
    this.#writer.show(this.#running?.pod ?? wanted, this.#status);
  }

  #run(pod: Pod): void {
    const { mirror } = this.#writer;
    // How its containers were is on the mirror, when this is another start of the same node.
    const status = mirror && isMirrorOf(mirror, pod) ? mirror.status : pod.status;
    this.#status = undefined;
    const versions = { last: revisionOf(pod.metadata.resourceVersion) };
    const record: PodRecord = {
      writeStatus: (current, next) => {
        this.#status = next;
        this.#settle();
        const metadata = { ...current.metadata, resourceVersion: String(++versions.last) };
        return Promise.resolve({ ...current, metadata, status: next });
      },
      finish: () => Promise.resolve(),
    };
    const worker = this.#options.start(status ? { ...pod, status } : pod, record, () => {
      this.#running = undefined;
      this.#settle();
    });
    this.#running = { worker, pod, versions, stopping: false };
  }

  #stop(running: Running): void {
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
          deletionTimestamp: formatTime(this.#options.clock.now() + Number(grace) * 1000),
          deletionGracePeriodSeconds: grace,
        },
      },
    });
  }
}
