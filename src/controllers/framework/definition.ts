import type { Clock, Log, Random } from "#base";
import type { Client, SharedCaches } from "#client";
import type { EventRecorder } from "#client";
import { groupResource } from "#objects";
import { ANY_KIND, type Access } from "./access.ts";
import type { Watch } from "./watch.ts";

/**
 * A control loop. Changes of what it watches become keys (mostly `namespace/name` of the object it looks
 * after); each key is synced: look at the caches, decide, apply. Syncs of different keys run side by side, of
 * one key never.
 */
export interface ControllerDefinition {
  /** As upstream names it, `replicaset-controller`: the source of its Events and its field manager. */
  readonly name: string;
  /** Everything it reads, with what wakes which key. */
  readonly watches: readonly Watch[];
  /** Everything it writes, and what it reads without watching it. What is not declared here is refused. */
  readonly writes: readonly Access[];
  /** How many keys are synced at once. Default 5, upstream's for most controllers. */
  readonly concurrency?: number;
  /**
   * Called when the controller starts, after the caches have their first lists and before the first key is synced:
   * makes what the controller remembers while it runs, which goes when it stops, and returns how a key is synced. It
   * may be called again, for another life.
   */
  readonly start: (context: ControllerContext) => Sync;
}

/**
 * Brings the state of one key nearer to what is wanted. Runs only when the caches have seen everything that earlier
 * syncs of this key have written. A rejection is logged and retried with back-off.
 */
export type Sync = (key: string, context: SyncContext) => Promise<SyncResult | void>;

export interface ControllerContext {
  readonly client: Client;
  readonly caches: SharedCaches;
  readonly recorder: EventRecorder;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Aborts when the controller stops. */
  readonly signal: AbortSignal;
  /** Wakes a key, now or in `ms` milliseconds. */
  enqueue(key: string, ms?: number): void;
}

/** What one sync gets: its `client` remembers what is written, so that the next sync of the key can wait for it. */
export type SyncContext = ControllerContext;

export interface SyncResult {
  /** Sync again at this time (milliseconds since the epoch) if nothing wakes the key earlier. */
  readonly requeueAt?: number;
  /**
   * Do not sync again within this many milliseconds, whatever wakes the key: lets changes gather where one
   * sync costs much, such as a ReplicaSet of thousands.
   */
  readonly restMs?: number;
}

/** Thrown by a sync that is to be tried again with back-off although nothing went wrong: what it waits for has not come. */
export class Retry extends Error {}

/**
 * A controller, checked: each kind is watched and written by one entry.
 *
 * @throws Error when a kind stands there twice.
 */
export function defineController(definition: ControllerDefinition): ControllerDefinition {
  for (const entries of [definition.watches, definition.writes]) {
    const names = entries.map(({ type }) => (type === ANY_KIND ? type : groupResource(type)));
    const twice = names.find((name, at) => names.indexOf(name) !== at);
    if (twice !== undefined) throw new Error(`${definition.name} declares ${twice} twice`);
  }
  return definition;
}

/** What a pure plan answers. `because` says why in words: for logs, Events and the messages of failing tests. */
export interface Plan<Step> {
  readonly steps: readonly Step[];
  readonly requeueAt?: number;
  readonly because: string;
}

/** The sync of a controller that is one look, one plan and its steps in order. */
export function syncByPlan<View, Step>(parts: {
  /** Undefined: there is nothing to do, mostly because the object is gone. The view is data. */
  readonly look: (key: string, context: SyncContext) => View | undefined | Promise<View | undefined>;
  /** Pure. `now` in milliseconds since the epoch. */
  readonly plan: (view: View, now: number) => Plan<Step>;
  readonly apply: (step: Step, context: SyncContext, view: View) => Promise<void> | void;
}): Sync {
  return async (key, context) => {
    const view = await parts.look(key, context);
    if (view === undefined) return;
    const plan = parts.plan(view, context.clock.now());
    if (plan.steps.length > 0) context.log.debug("applying", { key, because: plan.because });
    for (const step of plan.steps) await parts.apply(step, context, view);
    return plan.requeueAt === undefined ? {} : { requeueAt: plan.requeueAt };
  };
}
