import { strict as assert } from "node:assert";
import { test } from "node:test";
import type { Deployment } from "#objects";
import { limitsOf } from "./limits.ts";

const deployment = (replicas: number, maxSurge: number | string, maxUnavailable: number | string): Deployment => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web" },
  spec: {
    replicas,
    selector: {},
    template: {},
    strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge, maxUnavailable } },
  },
});

/** [replicas, maxSurge, maxUnavailable] → [pods above, pods below] */
const cases: readonly (readonly [number, number | string, number | string, number, number])[] = [
  [10, "25%", "25%", 3, 2],
  [3, "25%", "25%", 1, 0],
  [1, "25%", "25%", 1, 0],
  [4, 2, 2, 2, 2],
  [2, 0, 5, 0, 2],
  [5, 0, 0, 0, 1],
  [5, "0%", "0%", 0, 1],
  [5, "0%", "10%", 0, 1],
  [0, "25%", "25%", 0, 0],
  [3, "100%", "100%", 3, 3],
];

for (const [replicas, maxSurge, maxUnavailable, above, below] of cases) {
  test(`limits are rounded as upstream does it: ${replicas} replicas, surge ${maxSurge}, unavailable ${maxUnavailable}`, () => {
    const limits = limitsOf(deployment(replicas, maxSurge, maxUnavailable));
    assert.equal(limits.maxTotal, replicas + above);
    assert.equal(limits.minAvailable, replicas - below);
  });
}
