import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { deletionBehaviours } from "./deletion.ts";
import { discoveryBehaviours } from "./discovery.ts";
import type { Behaviour, OpenClient } from "./suite.ts";
import { patchBehaviours } from "./patches.ts";
import { readBehaviours } from "./reads.ts";
import { subresourceBehaviours } from "./subresources.ts";
import { watchBehaviours } from "./watches.ts";
import { writeBehaviours } from "./writes.ts";

export interface ConformanceOptions {
  /**
   * The behaviours that a test double does not have. It must say so where one is asked of it, with an error named
   * `NotInTestDouble`: a wrong answer would make tests pass that must not.
   */
  readonly refused?: readonly string[];
  /** The behaviours that a test double lacks by its nature, since nothing shows them to be asked for; with the reason. */
  readonly lacking?: Readonly<Record<string, string>>;
}

/**
 * Registers the numbered behaviours that every {@link Client} has, as tests: R reads, C creates and updates, P patches,
 * S subresources, D deletions, W watches, X discovery, M metadata alone.
 *
 * @param open makes a client of an empty API for one test
 */
export function clientConformance(implementation: string, open: OpenClient, options: ConformanceOptions = {}): void {
  const { refused: refusals = [], lacking = {} } = options;
  const unused = new Set([...refusals, ...Object.keys(lacking)]);
  suite(`${implementation} client`, () => {
    const behaviour: Behaviour = (id, title, run) => {
      unused.delete(id);
      if (id in lacking) return test(`${id}: ${title}`, { skip: lacking[id] });
      const refused = refusals.includes(id);
      return test(
        refused ? `${id}: refuses to act as if ${title}` : `${id}: ${title}`,
        { timeout: 60_000 },
        async () => {
          const context = await open();
          try {
            if (refused) await assert.rejects(run(context), { name: "NotInTestDouble" });
            else await run(context);
          } finally {
            await context.dispose();
          }
        },
      );
    };
    readBehaviours(behaviour);
    writeBehaviours(behaviour);
    patchBehaviours(behaviour);
    subresourceBehaviours(behaviour);
    deletionBehaviours(behaviour);
    watchBehaviours(behaviour);
    discoveryBehaviours(behaviour);
    assert.deepEqual([...unused], [], "refused behaviours that there are not");
  });
}
