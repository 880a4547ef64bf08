import { strict as assert } from "node:assert";
import { test } from "node:test";
import { sleep, systemClock } from "#base";
import { startCluster } from "#cluster";
import { PODS, podCondition, type New, type Pod } from "#objects";

const pod = (name: string, cpu: string): New<Pod> => ({
  metadata: { name, namespace: "default" },
  spec: { containers: [{ name: "main", image: "nginx", resources: { requests: { cpu } } }] },
});

test("in a whole cluster pods are bound, and one that does not fit says why", async () => {
  await using cluster = await startCluster({ nodes: 2 });
  const { client } = cluster;
  const names = Array.from({ length: 10 }, (_, i) => `web-${i}`);
  await Promise.all(names.map((name) => client.create(PODS, pod(name, "100m"))));
  await client.create(PODS, pod("huge", "1000"));
  const read = async () => (await client.list(PODS, { namespace: "default" })).items;
  let pods = await read();
  const undecided = (one: Pod) => podCondition(one, "PodScheduled") === undefined;
  while (pods.some(undecided)) {
    await sleep(systemClock, 5);
    pods = await read();
  }
  const bound = pods.filter(({ spec }) => spec?.nodeName);
  assert.deepEqual(bound.map(({ metadata }) => metadata.name ?? "").toSorted(), names);
  assert.equal(new Set(bound.map(({ spec }) => spec?.nodeName)).size, 2);
  const huge = podCondition(
    pods.find(({ metadata }) => metadata.name === "huge")!,
    "PodScheduled",
  );
  assert.equal(huge?.status, "False");
  assert.equal(huge?.reason, "Unschedulable");
  assert.equal(
    huge?.message,
    "0/2 nodes are available: 2 Insufficient cpu. " +
      "no new claims to deallocate, preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.",
  );
});
