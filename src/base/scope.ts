/**
 * Owns everything that was started under it, and stops all of it, last started first, when it is closed.
 * Closing twice is the same as once; what is deferred on a closed scope is stopped at once.
 */
export interface Scope extends AsyncDisposable {
  readonly name: string;
  /** Aborted when the scope begins to close. */
  readonly signal: AbortSignal;
  /** Calls `stop` when the scope closes. Returns a function that forgets it again. */
  defer(stop: () => void | Promise<void>): () => void;
  /** A scope that is closed with this one, or earlier by itself. */
  child(name: string): Scope;
  /** Runs a task that ends when the signal aborts; closing waits for it. A failure goes to `onError`. */
  run(name: string, task: (signal: AbortSignal) => Promise<void>, onError?: (error: unknown) => void): void;
  close(): Promise<void>;
}

/** Makes a scope of its own. */
export function createScope(name: string): Scope {
  const controller = new AbortController();
  const stops = new Set<() => void | Promise<void>>();
  let closing: Promise<void> | undefined;

  const close = async () => {
    controller.abort(new ScopeClosed(name));
    const errors: unknown[] = [];
    for (let last = [...stops].at(-1); last; last = [...stops].at(-1)) {
      stops.delete(last);
      try {
        await last();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw new AggregateError(errors, `stopping ${name} failed`);
  };

  const scope: Scope = {
    name,
    signal: controller.signal,
    defer(stop) {
      if (controller.signal.aborted && stops.size === 0) {
        void Promise.resolve().then(stop);
        return () => {};
      }
      const entry = () => stop();
      stops.add(entry);
      return () => stops.delete(entry);
    },
    child(childName) {
      const child = createScope(`${name}/${childName}`);
      const forget = scope.defer(() => child.close());
      child.defer(() => {
        forget();
      });
      return child;
    },
    run(taskName, task, onError) {
      const done = task(controller.signal).catch((error: unknown) => {
        if (controller.signal.aborted && (error === controller.signal.reason || error instanceof ScopeClosed)) return;
        if (!onError) throw new Error(`${name}: ${taskName} failed`, { cause: error });
        onError(error);
      });
      const forget = scope.defer(() => done);
      void done.finally(forget);
    },
    close() {
      closing ??= close();
      return closing;
    },
    [Symbol.asyncDispose]: () => scope.close(),
  };
  return scope;
}

/** The reason a scope's signal aborts with. */
export class ScopeClosed extends Error {
  constructor(name: string) {
    super(`${name} is closed`);
    this.name = "ScopeClosed";
  }
}
