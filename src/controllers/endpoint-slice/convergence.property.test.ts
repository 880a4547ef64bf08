import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  ENDPOINT_SLICES,
  ENDPOINTS,
  hasReason,
  keyOf,
  NODES,
  PODS,
  SERVICES,
  type Pod,
  type ResourceType,
  type Service,
} from "#objects";
import { endpointsController } from "../endpoints/controller.ts";
import { node, pod, service } from "../testing/services.ts";
import { createTestWorld, type TestWorld } from "../testing/world.ts";
import { endpointSliceController } from "./controller.ts";

const MAX = 2;
const values = fc.constantFrom("a", "b");
// Mostly the same, so that most changes of a pod are to one that is selected before and after.
const labels = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ app: "a" }) },
  { weight: 2, arbitrary: fc.record({ app: values, tier: fc.option(values, { nil: undefined }) }) },
);
const podName = fc.constantFrom("p1", "p2", "p3", "p4");
const serviceName = fc.constantFrom("s1", "s2");
const mostly = fc.integer({ min: 0, max: 4 }).map((n) => n > 0);
const ofPod = { name: podName, labels, ready: fc.boolean(), addressed: mostly };
const ofService = { name: serviceName, labels: fc.option(labels, { nil: undefined, freq: 6 }) };
// More comes and changes than goes, so that there is something to be wrong about.
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ act: fc.constant("pod" as const), ...ofPod }) },
  { weight: 3, arbitrary: fc.record({ act: fc.constant("service" as const), ...ofService }) },
  {
    weight: 2,
    arbitrary: fc.record({ act: fc.constant("delete pod" as const), name: podName, gracefully: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ act: fc.constant("delete service" as const), name: serviceName }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant("interfere" as const) }) },
);
/** Before the next step: none, not enough for everything that follows, or enough. */
const ENOUGH_MS = 700;
const pause = fc.constantFrom(0, 1, ENOUGH_MS);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

const defined = (map: object): Record<string, string> =>
  Object.fromEntries(Object.entries(map).filter(([, value]) => value !== undefined)) as Record<string, string>;
const at = (name: string) => ({ namespace: "default", name });

async function take(w: TestWorld, change: Step): Promise<void> {
  switch (change.act) {
    case "pod": {
      const { name, ready, addressed } = change;
      const made = pod(name, addressed ? `10.0.0.${name.slice(1)}` : "", { ready, labels: defined(change.labels) });
      if (w.client.all(PODS).some(({ metadata }) => metadata.name === name)) {
        w.client.edit(PODS, at(name), (draft) => {
          draft.metadata.labels = defined(change.labels);
          (draft as { status?: unknown }).status = made.status;
        });
      } else await w.client.create(PODS, made);
      return;
    }
    case "service": {
      const { name } = change;
      const selector = change.labels && defined(change.labels);
      const made = service({ metadata: { name, uid: `${name}-${w.client.revision}` } });
      if (w.client.all(SERVICES).some(({ metadata }) => metadata.name === name)) {
        w.client.edit(SERVICES, at(name), (draft) => {
          (draft as { spec?: unknown }).spec = { ...made.spec, selector };
        });
      } else await w.client.create(SERVICES, { ...made, spec: { ...made.spec, selector: selector ?? {} } });
      return;
    }
    case "interfere": {
      const [slice] = w.client.all(ENDPOINT_SLICES);
      if (slice) w.client.remove(ENDPOINT_SLICES, at(slice.metadata.name ?? ""));
      return;
    }
    default: {
      const type: ResourceType = change.act === "delete pod" ? PODS : SERVICES;
      try {
        if ("gracefully" in change && change.gracefully) await w.client.delete(type, at(change.name));
        else w.client.remove(type, at(change.name));
      } catch (error) {
        if (!hasReason(error, "NotFound")) throw error;
      }
    }
  }
}

/** Found by looking at every pod. */
function selected(w: TestWorld, { spec }: Service): Pod[] {
  const wanted = Object.entries(spec?.selector ?? {});
  return w.client
    .all(PODS)
    .filter(
      ({ metadata, status }) => status?.podIP && wanted.every(([label, value]) => metadata.labels?.[label] === value),
    );
}
const isReady = ({ metadata, status }: Pod) =>
  status?.conditions?.[0]?.status === "True" && metadata.deletionTimestamp === undefined;

function assertRight(w: TestWorld): void {
  for (const of of w.client.all(SERVICES)) {
    if (Object.keys(of.spec?.selector ?? {}).length === 0) continue;
    const pods = selected(w, of);
    const expected = pods.map((one) => `${one.metadata.name} ${isReady(one)}`).sort();
    const slices = w.client
      .all(ENDPOINT_SLICES)
      .filter(({ metadata }) => metadata.ownerReferences?.[0]?.uid === of.metadata.uid);
    const endpoints = slices.flatMap((slice) => slice.endpoints ?? []);
    assert.deepEqual(
      endpoints.map(({ targetRef, conditions }) => `${targetRef?.name} ${conditions?.ready}`).sort(),
      expected,
      keyOf(of),
    );
    assert.ok(slices.length > 0 && slices.every((slice) => (slice.endpoints?.length ?? 0) <= MAX));
    const older = w.client.all(ENDPOINTS).find((one) => keyOf(one) === keyOf(of));
    const alive = pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    assert.deepEqual(
      (older?.subsets ?? [])
        .flatMap(({ addresses = [], notReadyAddresses = [] }) => [
          ...addresses.map(({ targetRef }) => `${targetRef?.name} true`),
          ...notReadyAddresses.map(({ targetRef }) => `${targetRef?.name} false`),
        ])
        .sort(),
      alive.map((one) => `${one.metadata.name} ${isReady(one)}`).sort(),
    );
  }
}

test("property: whatever pods and Services do, endpoints come to be just the selected pods, and then nothing is written", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(step, pause), { minLength: 1, maxLength: 20, size: "max" }), async (steps) => {
      await using w = await createTestWorld(
        [endpointSliceController({ maxEndpointsPerSlice: MAX }), endpointsController()],
        (client) => client.create(NODES, node("n1")),
      );
      for (const [change, ms] of steps) {
        await take(w, change);
        if (ms > 0) await w.settle(ms);
        if (ms === ENOUGH_MS) assertRight(w);
      }
      await w.settle(20_000);
      assertRight(w);
      const settled = w.client.writes.length;
      await w.settle(60_000);
      assert.deepEqual(w.client.writes.slice(settled), []);
    }),
    { numRuns: 150 },
  );
});
