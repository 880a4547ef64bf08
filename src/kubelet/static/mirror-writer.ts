import type { Clock, Log, Scope } from "#base";
import { updateStatus, type Client } from "#client";
import { hasReason, PODS, type Node, type Pod, type PodStatus, type StatusReason } from "#objects";
import { isNewer, mirrorOf, planMirror, type MirrorStep, type MirrorView } from "./mirror.ts";

const RETRY_MS = 1_000;

export interface MirrorWriterOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  readonly scope: Scope;
  readonly node: () => Node;
}

/** Brings the mirror of one static pod at the API up to what there is, one write at a time. */
export class MirrorWriter {
  readonly #options: MirrorWriterOptions;
  /** `namespace/name` of the pod. */
  readonly #key: string;
  /** Called when there is nothing more to be written for now. */
  readonly #onIdle: () => void;
  #pod: Pod | undefined;
  #status: PodStatus | undefined;
  #mirror: Pod | undefined;
  #told: MirrorView["told"];
  /** The API is being written to. */
  #busy = false;
  /** Something has changed since it was looked at for that. */
  #again = false;

  constructor(key: string, options: MirrorWriterOptions, onIdle: () => void) {
    this.#key = key;
    this.#options = options;
    this.#onIdle = onIdle;
  }

  /** What the API has. */
  get mirror(): Pod | undefined {
    return this.#mirror;
  }

  /** The API has this. Returns whether that was not known: a write's answer may come before or after the watch. */
  observe(mirror: Pod): boolean {
    if (!isNewer(mirror, this.#mirror)) return false;
    this.#mirror = mirror;
    return true;
  }

  /** The API has no mirror of this uid. Returns whether that was not known. */
  forget(uid: string | undefined): boolean {
    if (!this.#mirror || this.#mirror.metadata.uid !== uid) return false;
    this.#mirror = undefined;
    return true;
  }

  /** From now on the mirror is to show this pod, or not to be. */
  show(pod: Pod | undefined, status: PodStatus | undefined): void {
    this.#pod = pod;
    this.#status = status;
    this.#wake();
  }

  #wake(): void {
    this.#again = true;
    if (!this.#busy) void this.#work();
  }

  async #work(): Promise<void> {
    const { log, scope } = this.#options;
    this.#busy = true;
    try {
      while (this.#again && !scope.signal.aborted) {
        this.#again = false;
        const step = planMirror({ pod: this.#pod, status: this.#status, mirror: this.#mirror, told: this.#told });
        if (step && (await this.#write(step))) this.#again = true;
      }
    } catch (error) {
      if (!scope.signal.aborted) {
        log.warn("the API could not be told of a static pod", { pod: this.#key, error });
        this.#retryLater();
      }
    } finally {
      this.#busy = false;
    }
    this.#onIdle();
  }

  #retryLater(): void {
    const { clock, scope } = this.#options;
    const timer = clock.setTimeout(() => {
      forget();
      this.#wake();
    }, RETRY_MS);
    const forget = scope.defer(() => timer.cancel());
  }

  /** Resolves to whether there may be more to write now; what the watch is yet to bring is waited for. */
  async #write(step: MirrorStep): Promise<boolean> {
    const { client, node } = this.#options;
    switch (step.type) {
      case "create": {
        // Of an earlier start.
        const created = await unless(client.create(PODS, mirrorOf(step.pod, node())), "AlreadyExists");
        if (created) this.observe(created);
        return created !== undefined;
      }
      case "delete": {
        const { namespace = "", name = "", uid = "" } = step.mirror.metadata;
        const options = { gracePeriodSeconds: 0, preconditions: { uid } };
        await unless(client.delete(PODS, { namespace, name }, options), "NotFound", "Conflict");
        this.forget(uid);
        return true;
      }
      case "write-status": {
        const { mirror, status } = step;
        // What another client made of it.
        const written = await unless(updateStatus(client, PODS, { ...mirror, status }), "NotFound", "Conflict");
        if (!written) return false;
        this.observe(written);
        this.#told = { status, uid: mirror.metadata.uid };
        return true;
      }
    }
  }
}

/** Undefined when the API refuses it for one of these reasons. */
const unless = <T>(write: Promise<T>, ...reasons: readonly StatusReason[]): Promise<T | undefined> =>
  write.catch((error: unknown) => {
    if (hasReason(error, ...reasons)) return undefined;
    throw error;
  });
