import { messageOf, type Clock, type Log, type Scope, type Timer } from "#base";
import type { Nft } from "./host/nft.ts";
import type { ProxyContext } from "./rules/context.ts";
import { baseTable } from "./rules/base-table.ts";
import { createTableState } from "./rules/table-state.ts";
import type { Fragment } from "./rules/model.ts";

/** One transaction that nft has carried out. */
export interface SyncInfo {
  /** The whole table, not only what changed. */
  readonly whole: boolean;
  readonly commands: number;
  readonly bytes: number;
  /** How long nft took. */
  readonly ms: number;
}

export interface TableKeeperOptions {
  /** One for each address family. */
  readonly contexts: readonly ProxyContext[];
  /** What the table has on account of an owner, now; undefined: the owner is gone. */
  readonly fragmentOf: (owner: string, context: ProxyContext) => Fragment | undefined;
  readonly nft: Nft;
  readonly clock: Clock;
  readonly scope: Scope;
  readonly log: Log;
  /** Changes that come so soon after a transaction wait this long for others. */
  readonly minSyncMs: number;
  readonly onSync?: (info: SyncInfo) => void;
  /** Another program has removed the table. */
  readonly onLost?: () => void;
}

/** Keeps nft's tables as the owners' fragments are. When nft fails, everything is told afresh, with back-off. */
export interface TableKeeper {
  /** Something of this owner may have changed. */
  touch(owner: string): void;
  /** Resolves when nft has all that was touched so far. Rejects when the scope closes before. */
  settled(): Promise<void>;
  /** Whether nft took what it was last told. */
  readonly healthy: boolean;
}

/** Kernels before 6.2 need a moment before they let go of a chain. */
const STALE_AFTER_MS = 1500;
/**
 * How often to look whether the table is still there: tools that load a firewall take all tables away. Looking costs some
 * milliseconds in another process (20 with 2,000 Services); `nft monitor` would have to read every change of our own.
 */
const CHECK_MS = 2_000;
const FIRST_BACK_OFF_MS = 500;
const MAX_BACK_OFF_MS = 30_000;

/** Makes a {@link TableKeeper}; its first transaction replaces what an earlier one left. */
export function createTableKeeper(options: TableKeeperOptions): TableKeeper {
  const { fragmentOf, nft, clock, scope, log, minSyncMs } = options;
  const tables = options.contexts.map((context) => ({
    context,
    state: createTableState(context.family, context.table, baseTable(context)),
  }));
  const dirty = new Set<string>();
  const waiters = new Set<PromiseWithResolvers<void>>();
  let whole = true;
  let failures = 0;
  let staleDue = false;
  let checkDue = false;
  let notBefore = clock.monotonic();
  let timer: Timer | undefined;
  let staleTimer: Timer | undefined;
  let checkTimer: Timer | undefined;
  let working: Promise<void> | undefined;

  const wake = () => {
    if (working || timer || scope.signal.aborted) return;
    timer = clock.setTimeout(
      () => {
        timer = undefined;
        working = work().finally(() => {
          working = undefined;
          if (dirty.size > 0 || whole || staleDue || checkDue) wake();
          else settle();
        });
      },
      Math.max(0, notBefore - clock.monotonic()),
    );
  };
  const settle = () => {
    for (const waiter of waiters) waiter.resolve();
    waiters.clear();
  };

  const work = async () => {
    if (checkDue) await check();
    if (staleDue && !whole) await dropStale();
    if (dirty.size > 0 || whole) await sync();
  };

  const sync = async () => {
    notBefore = clock.monotonic() + minSyncMs;
    const isWhole = whole;
    const began = clock.monotonic();
    try {
      // Clients first: all that follows is in one turn, so that nothing comes in between.
      const clients = isWhole && failures === 0 ? await remembered() : "";
      takeIn();
      const text = isWhole
        ? tables.map(({ state }) => state.takeAll()).join("") + clients
        : tables.map(({ state }) => state.takeChanges()).join("");
      whole = false;
      if (text === "") return;
      await nft.apply(text);
      failures = 0;
      options.onSync?.({
        whole: isWhole,
        commands: text.split("\n").length - 1,
        bytes: text.length,
        ms: clock.monotonic() - began,
      });
      if (tables.some(({ state }) => state.stale > 0)) expectStale();
    } catch (error) {
      whole = true;
      const backOffMs = Math.min(FIRST_BACK_OFF_MS * 2 ** failures, MAX_BACK_OFF_MS);
      failures++;
      notBefore = clock.monotonic() + backOffMs;
      log.error("nft refused the rules of Services; all of them will be set anew", {
        error: messageOf(error),
        retryMs: backOffMs,
      });
    }
  };

  const takeIn = () => {
    const owners = [...dirty];
    dirty.clear();
    for (const { context, state } of tables) {
      for (const owner of owners) state.put(owner, fragmentOf(owner, context));
    }
  };

  /** Which clients stay with which endpoint is in the table alone. */
  const remembered = async () => {
    takeIn();
    const parts = tables.map(({ context, state }) =>
      nft.rememberedClients(context.family, context.table, state.clientSets()).catch(() => ""),
    );
    return (await Promise.all(parts)).join("");
  };

  // What is under way when the scope closes may still come here.
  const expectStale = () => {
    if (scope.signal.aborted) return;
    staleTimer ??= clock.setTimeout(() => {
      staleTimer = undefined;
      staleDue = true;
      wake();
    }, STALE_AFTER_MS);
  };
  const dropStale = async () => {
    staleDue = false;
    const text = tables.map(({ state }) => state.takeStale()).join("");
    if (text === "") return;
    await nft.apply(text).catch((error: unknown) => {
      whole = true;
      log.info("chains that nothing leads to could not be removed; all rules of Services will be set anew", {
        error: messageOf(error),
      });
    });
  };

  const check = async () => {
    checkDue = false;
    const there = await Promise.all(tables.map(({ context }) => nft.exists(context.family, context.table)));
    if (there.includes(false) && !whole) {
      whole = true;
      log.warn("another program has removed the rules of Services; they will be set anew");
      options.onLost?.();
    }
    expectCheck();
  };
  const expectCheck = () => {
    if (scope.signal.aborted) return;
    checkTimer = clock.setTimeout(() => {
      checkDue = true;
      wake();
    }, CHECK_MS);
  };

  scope.defer(async () => {
    for (const one of [timer, staleTimer, checkTimer]) one?.cancel();
    for (const waiter of waiters) waiter.reject(scope.signal.reason);
    waiters.clear();
    await working;
  });
  expectCheck();
  wake();

  return {
    touch(owner) {
      dirty.add(owner);
      wake();
    },
    settled() {
      if (!whole && dirty.size === 0 && !working) return Promise.resolve();
      const waiter = Promise.withResolvers<void>();
      waiter.promise.catch(() => {});
      if (scope.signal.aborted) waiter.reject(scope.signal.reason);
      else waiters.add(waiter);
      return waiter.promise;
    },
    get healthy() {
      return failures === 0;
    },
  };
}
