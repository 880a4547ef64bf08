import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Endpoint } from "#objects";
import { endpointKey } from "./endpoint.ts";
import { fill, type Filling, type Holding } from "./fill.ts";

const endpoint = (id: number, ready = true): Endpoint => ({
  addresses: [`10.0.${id >> 8}.${id & 255}`],
  conditions: { ready, serving: ready, terminating: false },
  targetRef: { kind: "Pod", namespace: "default", name: `p${id}`, uid: `u${id}` },
});
const range = (from: number, to: number, ready = true) =>
  Array.from({ length: to - from }, (_, i) => endpoint(from + i, ready));
const holding = (slice: string, endpoints: readonly Endpoint[], stale = false): Holding<string> => ({
  slice,
  endpoints,
  stale,
});
/** `b: 100`: what is written, and how full it is then. */
const written = ({ update, create, remove }: Filling<string>) => [
  ...update.map(({ slice, endpoints }) => `${slice}: ${endpoints.length}`),
  ...create.map((endpoints) => `new: ${endpoints.length}`),
  ...remove.map((slice) => `${slice}: gone`),
];

for (const [what, existing, wanted, expected] of [
  ["first endpoints make slices", [], range(0, 250), ["new: 100", "new: 100", "new: 50"]],
  [
    "nothing changes, nothing is written",
    [holding("a", range(0, 100)), holding("b", range(100, 103))],
    range(0, 103),
    [],
  ],
  [
    "a few more go where they fill best",
    [holding("a", range(0, 50)), holding("b", range(50, 145)), holding("c", range(145, 243))],
    range(0, 248),
    ["b: 100"],
  ],
  [
    "a slice that is written anyway takes them",
    [holding("a", range(0, 50)), holding("b", range(50, 145))],
    [...range(1, 145), ...range(200, 205)],
    ["a: 54"],
  ],
  [
    "no room anywhere: a new slice rather than several updates",
    [holding("a", range(0, 99)), holding("b", range(99, 198))],
    range(0, 200),
    ["new: 2"],
  ],
  [
    "an endpoint that turns is changed in place",
    [holding("a", range(0, 3))],
    [...range(0, 2), endpoint(2, false)],
    ["a: 3"],
  ],
  ["a slice that is left empty goes", [holding("a", range(0, 2)), holding("b", range(2, 4))], range(0, 2), ["b: gone"]],
  ["stale slices are written whatever they hold", [holding("a", range(0, 2), true)], range(0, 2), ["a: 2"]],
  [
    "two slices may hold one endpoint only by mistake",
    [holding("a", range(0, 2)), holding("b", range(1, 3))],
    range(0, 3),
    ["b: 1"],
  ],
  [
    "a slice that another client overfilled is spread",
    [holding("a", range(0, 120))],
    range(0, 120),
    ["a: 100", "new: 20"],
  ],
] as const) {
  test(`slices are filled with few writes: ${what}`, () =>
    assert.deepEqual(written(fill(existing, wanted, 100)), expected));
}

const MAX = 5;
const keysOf = (endpoints: readonly Endpoint[]) => endpoints.map(endpointKey).sort();
const states = fc.array(fc.record({ id: fc.nat({ max: 40 }), ready: fc.boolean() }), { maxLength: 40 });
const toEndpoints = (state: readonly { readonly id: number; readonly ready: boolean }[]) => [
  ...new Map(state.map(({ id, ready }) => [id, endpoint(id, ready)])).values(),
];

test("property: after any history slices hold just what is wanted, none too full, none twice, and then nothing is written", () => {
  fc.assert(
    fc.property(fc.array(states, { minLength: 1, maxLength: 8, size: "max" }), (history) => {
      let slices: Holding<string>[] = [];
      let names = 0;
      for (const state of history) {
        const wanted = toEndpoints(state);
        const filling = fill(slices, wanted, MAX);
        const before = new Map(slices.map(({ slice, endpoints }) => [slice, endpoints]));
        slices = [
          ...filling.unchanged.map((slice) => holding(slice, before.get(slice)!)),
          ...filling.update.map(({ slice, endpoints }) => holding(slice, endpoints)),
          ...filling.create.map((endpoints) => holding(`s${names++}`, endpoints)),
        ];
        assert.deepEqual(keysOf(slices.flatMap(({ endpoints }) => endpoints)), keysOf(wanted));
        for (const { endpoints } of slices) assert.ok(endpoints.length > 0 && endpoints.length <= MAX);
        const turned = new Map(slices.flatMap(({ endpoints }) => endpoints).map((one) => [endpointKey(one), one]));
        for (const one of wanted) assert.deepEqual(turned.get(endpointKey(one))?.conditions, one.conditions);
        assert.deepEqual(written(fill(slices, wanted, MAX)), []);

        // No more writes than the changes demand: slices touched by removals and turns, those that new ones need, and one.
        const wantedKeys = new Map(wanted.map((one) => [endpointKey(one), one]));
        const touched = [...before.values()].filter((endpoints) =>
          endpoints.some((one) => wantedKeys.get(endpointKey(one))?.conditions?.ready !== one.conditions?.ready),
        ).length;
        const had = new Set([...before.values()].flat().map(endpointKey));
        const added = wanted.filter((one) => !had.has(endpointKey(one))).length;
        assert.ok(written(filling).length <= touched + Math.ceil(added / MAX) + (added > 0 ? 1 : 0));
      }
    }),
  );
});
