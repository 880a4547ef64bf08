import { messageOf, type Clock, type Log, type Scope, type Timer } from "#base";
import type { Nft } from "./host/nft.ts";
import { baseTable } from "./rules/base-table.ts";
import type { ProxyContext } from "./rules/context.ts";
import type { Fragment } from "./rules/model.ts";
import { TableState } from "./rules/table-state.ts";
import { SyncState, type Job } from "./sync-state.ts";

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

interface Table {
  readonly context: ProxyContext;
  readonly state: TableState;
}

/**
 * Keeps nft's tables as the owners' fragments are, one transaction at a time; the first replaces what an earlier keeper
 * left. When nft fails, everything is told afresh, with back-off. It ends with the scope that it was given.
 */
export class TableKeeper {
  readonly #options: TableKeeperOptions;
  readonly #tables: readonly Table[];
  /** What is to be done, and when. */
  readonly #state: SyncState;
  readonly #waiters = new Set<PromiseWithResolvers<void>>();
  /** Until the next thing is to be done, by the clock that only goes forward. */
  #timer: { readonly at: number; readonly timer: Timer } | undefined;
  /** What is being done. */
  #working: Promise<void> | undefined;

  constructor(options: TableKeeperOptions) {
    this.#options = options;
    this.#tables = options.contexts.map((context) => ({
      context,
      state: new TableState(context.family, context.table, baseTable(context)),
    }));
    this.#state = new SyncState(options.minSyncMs, options.clock.monotonic());
    options.scope.defer(() => this.#stop());
    this.#wake();
  }

  /** Something of this owner may have changed. */
  touch(owner: string): void {
    this.#state.touch(owner);
    this.#wake();
  }

  /** Resolves when nft has all that was touched so far. Rejects when the scope closes before. */
  settled(): Promise<void> {
    if (this.#state.upToDate && !this.#working) return Promise.resolve();
    const { signal } = this.#options.scope;
    const waiter = Promise.withResolvers<void>();
    waiter.promise.catch(() => {});
    if (signal.aborted) waiter.reject(signal.reason);
    else this.#waiters.add(waiter);
    return waiter.promise;
  }

  /** Whether nft took what it was last told. */
  get healthy(): boolean {
    return this.#state.healthy;
  }

  /** Sees to it that the next thing is done in its time. */
  #wake(): void {
    const { clock, scope } = this.#options;
    const at = this.#state.nextAt;
    if (this.#working || scope.signal.aborted || (this.#timer && this.#timer.at <= at)) return;
    this.#timer?.timer.cancel();
    const look = () => {
      this.#timer = undefined;
      const job = this.#state.jobAt(clock.monotonic());
      // Timers may be a little early.
      if (job) this.#begin(job);
      else this.#wake();
    };
    this.#timer = { at, timer: clock.setTimeout(look, Math.max(0, at - clock.monotonic())) };
  }

  #begin(job: Job): void {
    this.#working = this.#do(job).finally(() => {
      this.#working = undefined;
      if (this.#state.upToDate) this.#settle();
      this.#wake();
    });
  }

  #do(job: Job): Promise<void> {
    switch (job) {
      case "check":
        return this.#check();
      case "drop-stale":
        return this.#dropStale();
      case "sync":
        return this.#sync();
    }
  }

  async #check(): Promise<void> {
    const { nft, clock, log, onLost } = this.#options;
    const found = await Promise.all(this.#tables.map(({ context }) => nft.exists(context.family, context.table)));
    const there = !found.includes(false);
    const lost = !there && !this.#state.whole;
    this.#state.checked(there, clock.monotonic());
    if (!lost) return;
    log.warn("another program has removed the rules of Services; they will be set anew");
    onLost?.();
  }

  async #dropStale(): Promise<void> {
    const { nft, log } = this.#options;
    this.#state.dropping();
    const text = this.#tables.map(({ state }) => state.takeStale()).join("");
    if (text === "") return;
    await nft.apply(text).catch((error: unknown) => {
      this.#state.dropFailed();
      log.info("chains that nothing leads to could not be removed; all rules of Services will be set anew", {
        error: messageOf(error),
      });
    });
  }

  async #sync(): Promise<void> {
    const { nft, clock, log, onSync } = this.#options;
    const { whole, healthy } = this.#state;
    const began = clock.monotonic();
    this.#state.syncing(began);
    try {
      // Clients first: all that follows is in one turn, so that nothing comes in between.
      const clients = whole && healthy ? await this.#rememberedClients() : "";
      this.#takeIn();
      const text = whole
        ? this.#tables.map(({ state }) => state.takeAll()).join("") + clients
        : this.#tables.map(({ state }) => state.takeChanges()).join("");
      if (text !== "") {
        await nft.apply(text);
        const ms = clock.monotonic() - began;
        onSync?.({ whole, commands: text.split("\n").length - 1, bytes: text.length, ms });
      }
      const stale = this.#tables.some(({ state }) => state.stale > 0);
      this.#state.synced(stale, clock.monotonic());
    } catch (error) {
      const retryMs = this.#state.syncFailed(clock.monotonic());
      log.error("nft refused the rules of Services; all of them will be set anew", {
        error: messageOf(error),
        retryMs,
      });
    }
  }

  #takeIn(): void {
    const owners = this.#state.takeTouched();
    for (const { context, state } of this.#tables) {
      for (const owner of owners) state.put(owner, this.#options.fragmentOf(owner, context));
    }
  }

  /** Which clients stay with which endpoint is in the table alone. */
  async #rememberedClients(): Promise<string> {
    this.#takeIn();
    const parts = this.#tables.map(({ context, state }) =>
      this.#options.nft.rememberedClients(context.family, context.table, state.clientSets()).catch(() => ""),
    );
    return (await Promise.all(parts)).join("");
  }

  #settle(): void {
    for (const waiter of this.#waiters) waiter.resolve();
    this.#waiters.clear();
  }

  async #stop(): Promise<void> {
    this.#timer?.timer.cancel();
    for (const waiter of this.#waiters) waiter.reject(this.#options.scope.signal.reason);
    this.#waiters.clear();
    await this.#working;
  }
}
