import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { it } from "node:test";
import { startUnderTest } from "./support/cluster-under-test.ts";

const EXAMPLE = join(import.meta.dirname, "../examples/disruption-budget.yaml");

it("kubectl drain takes the Pods of examples/disruption-budget.yaml one by one, and waits for each", async () => {
  await using cluster = await startUnderTest({ nodes: 2 });
  const { kubectl } = cluster;
  await kubectl.apply(await readFile(EXAMPLE, "utf8"));
  await kubectl("rollout", "status", "deployment/web", "--timeout=120s");
  await kubectl("wait", "pdb/web", "--for=jsonpath={.status.disruptionsAllowed}=1", "--timeout=60s");
  assert.match(await kubectl("get", "pdb", "web"), /\nweb +N\/A +25% +1 /);
  // Both nodes have two of the four.
  const { code, stdout, stderr } = await kubectl.try(["drain", "knarr-1", "--timeout=120s"]);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /will retry after 5s\): Cannot evict pod as it would violate the pod's disruption budget\./);
  assert.match(stdout, /node\/knarr-1 drained/);
  assert.equal(await kubectl("get", "pods", "--field-selector=spec.nodeName=knarr-1", "-o", "name"), "");
  await kubectl("wait", "pdb/web", "--for=jsonpath={.status.disruptionsAllowed}=1", "--timeout=60s");
  assert.equal(
    await kubectl(
      "get",
      "pdb",
      "web",
      "-o=jsonpath={.status.currentHealthy} {.status.desiredHealthy} {.status.expectedPods}",
    ),
    "4 3 4",
  );
});
