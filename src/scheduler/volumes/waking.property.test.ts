import { strict as assert } from "node:assert";
import { test } from "node:test";
import { NODES, PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, PODS, STORAGE_CLASSES } from "#objects";
import fc from "fast-check";
import { makeNode } from "../testing/objects.ts";
import { bindAll, makeClaim, makeClaimPod, makeClass, makeVolume } from "../testing/storage.ts";
import { createSchedulerWorld, type SchedulerWorld } from "../testing/world.ts";

type Step =
  | { readonly type: "volume"; readonly size: number; readonly node: string | undefined }
  | { readonly type: "pod"; readonly sizes: readonly number[] }
  | { readonly type: "node"; readonly name: string }
  | { readonly type: "pod-gone"; readonly nth: number };

const NAMES = ["n0", "n1", "n2"];
const size = fc.integer({ min: 1, max: 4 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant("volume" as const),
      size,
      node: fc.option(fc.constantFrom(...NAMES), { nil: undefined }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constant("pod" as const), sizes: fc.array(size, { minLength: 1, maxLength: 2 }) }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("node" as const), name: fc.constantFrom(...NAMES) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("pod-gone" as const), nth: fc.nat({ max: 5 }) }) },
);

const gigabytes = (text: string | undefined) => Number(text?.replace("Gi", ""));

async function apply(one: Step, i: number, { client, addPods, addNodes }: SchedulerWorld): Promise<void> {
  switch (one.type) {
    case "volume":
      await client.create(PERSISTENT_VOLUMES, makeVolume(`v${i}`, `${one.size}Gi`, one.node ? [one.node] : undefined));
      return;
    case "pod": {
      const claims = one.sizes.map((gi, j) => makeClaim(`c${i}-${j}`, `${gi}Gi`));
      for (const claim of claims) await client.create(PERSISTENT_VOLUME_CLAIMS, claim);
      const names = claims.map(({ metadata }) => metadata.name ?? "");
      await addPods(makeClaimPod(`p${i}`, names));
      return;
    }
    case "node":
      if (!client.all(NODES).some(({ metadata }) => metadata.name === one.name)) await addNodes(makeNode(one.name));
      return;
    case "pod-gone": {
      const pod = client.all(PODS)[one.nth];
      if (pod) client.remove(PODS, { namespace: "default", name: pod.metadata.name ?? "" });
    }
  }
}

/** No volume has two claims, and no pod waits whose claims could all have a free volume of one node; how many wait. */
function check({ client }: SchedulerWorld): number {
  const volumes = client.all(PERSISTENT_VOLUMES);
  const claims = new Map(client.all(PERSISTENT_VOLUME_CLAIMS).map((claim) => [claim.metadata.name, claim]));
  const held = [...claims.values()].flatMap(({ spec }) => spec?.volumeName ?? []);
  assert.equal(new Set(held).size, held.length, "a volume has two claims");
  const waiting = client.all(PODS).filter(({ spec }) => !spec?.nodeName);
  for (const pod of waiting) {
    const sizes = (pod.spec?.volumes ?? [])
      .map(({ name }) => gigabytes(claims.get(name)?.spec?.resources?.requests?.["storage"]))
      .toSorted((a, b) => a - b);
    for (const { metadata } of client.all(NODES)) {
      const free = volumes
        .filter(({ spec }) => {
          const terms = spec?.nodeAffinity?.required?.nodeSelectorTerms[0]?.matchExpressions?.[0]?.values;
          return !spec?.claimRef && (!terms || terms.includes(metadata.name ?? ""));
        })
        .map(({ spec }) => gigabytes(spec?.capacity?.["storage"]))
        .toSorted((a, b) => a - b);
      let at = 0;
      for (const one of free) if (at < sizes.length && one >= sizes[at]!) at++;
      assert.ok(at < sizes.length, `${pod.metadata.name} could be on ${metadata.name}`);
    }
  }
  return waiting.length;
}

test("whatever comes and goes, no volume gets two claims, and no pod waits whose claims have a place", async () => {
  let waited = 0;
  let bound = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25, size: "max" }), async (steps) => {
      await using world = await createSchedulerWorld();
      await world.client.create(STORAGE_CLASSES, makeClass("late"));
      for (const [i, one] of steps.entries()) {
        await apply(one, i, world);
        await world.settle(10);
        if (i % 3 === 0) bound += (await bindAll(world.client)).length;
      }
      for (let rounds = 0; rounds < 3; rounds++) {
        await world.settle(12_000);
        bound += (await bindAll(world.client)).length;
      }
      await world.settle(100);
      waited += check(world);
    }),
    { numRuns: 60 },
  );
  assert.ok(waited > 50 && bound > 50, `${waited} waited, ${bound} claims were bound`);
});
