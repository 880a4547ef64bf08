import assert from "node:assert/strict";
import { StatusError } from "#objects";

/** The outcome, or the reason and message of the refusal. */
export function outcome(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    assert.ok(error instanceof StatusError);
    return `${error.reason}: ${error.message}`;
  }
}
