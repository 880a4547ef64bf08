import { createWorkQueue, type Clock, type Log, type Random, type Scope, type WorkQueue } from "#base";
import { createRecorder, type Cache, type Client, type SharedCaches } from "#client";
import { groupResource, hasReason, type ResourceType } from "#objects";
import { guardCaches, guardClient, Permissions, type UndeclaredAccess } from "./access.ts";
import { Retry, type ControllerContext, type ControllerDefinition, type Sync } from "./definition.ts";
import { createPendingWrites, type PendingWrites } from "./pending-writes.ts";

export interface RunOptions {
  readonly client: Client;
  readonly caches: SharedCaches;
  /** Closing it stops the controllers and waits for the syncs in hand. */
  readonly scope: Scope;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Told of accesses that a controller does not declare, beside the log: tests fail by it. */
  readonly onUndeclared?: (error: UndeclaredAccess) => void;
}

export interface RunningController {
  readonly name: string;
  /** Resolves when its caches have their first lists and it takes keys. */
  whenStarted(): Promise<void>;
  /** Keys waiting or in hand. */
  readonly backlog: number;
  enqueue(key: string): void;
}

const DEFAULT_CONCURRENCY = 5;

/** Starts controllers that share one set of caches. */
export function runControllers(
  definitions: readonly ControllerDefinition[],
  options: RunOptions,
): readonly RunningController[] {
  return definitions.map((definition) => runController(definition, options));
}

/** Starts one controller. */
export function runController(definition: ControllerDefinition, options: RunOptions): RunningController {
  const { caches, clock, random } = options;
  const { name } = definition;
  const permissions = permissionsOf(definition, options);
  const client = guardClient(options.client, permissions);
  const scope = options.scope.child(name);
  const log = options.log.with({ controller: name });
  // Every controller may tell of what it does.
  const recorder = createRecorder({ client: options.client, component: name, clock, random, log, scope });
  const inputs = new Map<string, Cache>();
  for (const input of definition.watches) inputs.set(groupResource(input.type), input.cache(caches));
  const cacheOf = (type: ResourceType) => inputs.get(groupResource(type));

  /** Of keys that have written what their caches may not show yet. */
  const pendingWrites = new Map<string, PendingWrites>();
  /** Until when a key rests. */
  const resting = new Map<string, number>();

  const queue: WorkQueue = createWorkQueue({
    clock,
    concurrency: definition.concurrency ?? DEFAULT_CONCURRENCY,
    handle: sync,
    onError: (key, error, attempt) => log[levelOf(error, key, definition)]("sync failed", { key, attempt, error }),
  });
  scope.defer(() => queue.close());

  const context: ControllerContext = {
    client,
    caches: guardCaches(caches, permissions),
    recorder,
    clock,
    random,
    log,
    signal: scope.signal,
    enqueue: (key, ms = 0) => queue.addAfter(key, ms),
  };

  let syncKey: Sync | undefined;
  async function sync(key: string): Promise<void> {
    const wait = (resting.get(key) ?? 0) - clock.monotonic();
    if (wait > 0) return queue.addAfter(key, wait);
    resting.delete(key);
    const pending = pendingWrites.get(key) ?? createPendingWrites(client, cacheOf);
    if (!pending.settled()) {
      pending.whenSettled(() => queue.add(key));
      return;
    }
    try {
      if (!syncKey) await started;
      const result = await syncKey?.(key, { ...context, client: pending.client });
      if (!result) return;
      if (result.requeueAt !== undefined) queue.addAfter(key, Math.max(1, result.requeueAt - clock.now()));
      if (result.restMs) resting.set(key, clock.monotonic() + result.restMs);
    } finally {
      if (pending.settled()) pendingWrites.delete(key);
      else pendingWrites.set(key, pending);
    }
  }

  const started = start();
  started.catch((error: unknown) => {
    if (!scope.signal.aborted) log.error("the controller could not start", { error });
  });
  async function start(): Promise<void> {
    await Promise.all([...inputs.values()].map((cache) => cache.whenSynced()));
    if (scope.signal.aborted) return;
    syncKey = definition.start(context);
    for (const input of definition.watches) scope.defer(input.subscribe(context.caches, (key) => queue.add(key)));
  }

  return {
    name,
    whenStarted: () => started,
    get backlog() {
      return queue.size;
    },
    enqueue: (key) => queue.add(key),
  };
}

function permissionsOf({ name, watches, writes }: ControllerDefinition, { onUndeclared }: RunOptions): Permissions {
  return new Permissions(
    name,
    watches.map(({ type }) => type),
    writes,
    onUndeclared,
  );
}

/**
 * Two writers met, or what the key names was deleted meanwhile: ordinary, and the next attempt sees what the other has
 * done.
 */
const levelOf = (error: unknown, key: string, { watches }: ControllerDefinition) =>
  error instanceof Retry ||
  hasReason(error, "Conflict") ||
  watches.some(({ type, isOwn }) => isOwn && isGone(error, type, key))
    ? "debug"
    : "warn";

function isGone(error: unknown, { group, resource }: ResourceType, key: string): boolean {
  if (!hasReason(error, "NotFound")) return false;
  const { details } = error.status;
  return (
    details?.kind === resource &&
    (details.group ?? "") === group &&
    details.name === key.slice(key.lastIndexOf("/") + 1)
  );
}
