import assert from "node:assert/strict";
import { once } from "node:events";
import { eventually, type Kubectl } from "./cluster-under-test.ts";

/** A kubectl that goes on by itself: `logs -f`, `get --watch`. */
export interface Watching extends AsyncDisposable {
  /** Resolves to all that it has printed, once that is as wanted. */
  shows(what: string, holds: (printed: string) => boolean): Promise<string>;
  /** Resolves, when it has ended by itself, to its exit code and all that it has printed. */
  readonly over: Promise<{ readonly code: number | null; readonly printed: string }>;
}

/** Starts one, which ends with the test at the latest: by `await using`. */
export function watching(kubectl: Kubectl, ...args: readonly string[]): Watching {
  const child = kubectl.spawn(...args);
  let printed = "";
  child.stdout!.setEncoding("utf8").on("data", (text: string) => (printed += text));
  const over = once(child, "close").then(([code]) => ({ code: code as number | null, printed }));
  return {
    async shows(what, holds) {
      await eventually(what, async () => {
        assert.ok(holds(printed), printed);
        return true;
      });
      return printed;
    },
    over,
    async [Symbol.asyncDispose]() {
      child.kill();
      await over;
    },
  };
}
