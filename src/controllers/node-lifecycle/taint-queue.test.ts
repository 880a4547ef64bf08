import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { transcripts } from "../testing/transcript.ts";
import { planTurn, TaintQueue, type TurnView } from "./taint-queue.ts";

const view = (more: Partial<TurnView>): TurnView => ({
  waiting: 3,
  first: "n1",
  ready: "Unknown",
  rate: 0.1,
  nextAt: -Infinity,
  ...more,
});

const example = transcripts({
  plan: planTurn,
  now: 10_000,
  tell: (step) => (step.type === "take" ? `take ${step.name}` : `taint ${step.name} with ${step.key}`),
});

example(
  "the first node that waits gets its taint at once, the next ten seconds later",
  view({}),
  `
  1. take n1
  2. taint n1 with node.kubernetes.io/unreachable
  look again in 10 s
  because it is its turn, and Ready is Unknown
`,
);

example(
  "a node that is ready again loses its turn, and the next still waits its time",
  view({ ready: "True" }),
  `
  1. take n1
  look again in 10 s
  because it is ready again, or gone
`,
);

example(
  "a node that is gone loses its turn",
  view({ ready: undefined, waiting: 1 }),
  `
  1. take n1
  because it is ready again, or gone
`,
);

example(
  "a node that comes too soon after another waits",
  view({ nextAt: 12_000 }),
  `
  do nothing
  look again in 2 s
  because it is no turn yet
`,
);

example(
  "no node gets a taint while the zone may lose none",
  view({ rate: 0 }),
  `
  do nothing
  because no node of the zone may lose its pods now
`,
);

example(
  "nothing is done when no node waits",
  view({ waiting: 0, first: undefined, ready: undefined }),
  `
  do nothing
  because no node waits
`,
);

/** Lets the queue have a turn. Returns the node that got its taint. */
function turn(queue: TaintQueue, now: number): string | undefined {
  const { steps } = planTurn(
    queue.view(() => "False"),
    now,
  );
  for (const step of steps) if (step.type === "take") queue.take(step.name, now);
  return steps.find(({ type }) => type === "taint")?.name;
}

test("a change of the rate costs a period, and a node that is removed does not come", () => {
  const queue = new TaintQueue();
  for (const name of ["a", "b", "c", "d"]) queue.add(name);
  queue.remove("b");
  assert.deepEqual([turn(queue, 0), turn(queue, 9_999), turn(queue, 10_000)], ["a", undefined, "c"]);
  queue.setRate(0, 11_000);
  assert.equal(turn(queue, 1_000_000), undefined);
  queue.setRate(0.01, 1_000_000);
  assert.deepEqual([turn(queue, 1_099_999), turn(queue, 1_100_000)], [undefined, "d"]);
});

const pause = fc.integer({ min: 0, max: 20_000 });
const event = fc.oneof(
  { weight: 8, arbitrary: fc.record({ pause }) },
  { weight: 1, arbitrary: fc.record({ pause, rate: fc.constantFrom(0, 0.01, 0.1) }) },
);

test("in no stretch of time a queue gives more nodes than its rate allows, and one more, whatever its rate was before", () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 200 }), (events) => {
      const queue = new TaintQueue();
      for (let n = 0; n < events.length; n++) queue.add(`n${n}`);
      let now = 0;
      let rate = 0.1;
      /** Since the rate is what it is: when nodes came. */
      let times: number[] = [];
      for (const one of events) {
        now += one.pause;
        if ("rate" in one && one.rate !== rate) {
          rate = one.rate;
          queue.setRate(rate, now);
          times = [];
        }
        if (turn(queue, now) === undefined) continue;
        times.push(now);
        assert.ok(rate > 0);
        for (let i = 0; i < times.length; i++) {
          assert.ok(now - times[i]! >= ((times.length - 1 - i) * 1000) / rate - 1);
        }
      }
    }),
  );
});
