import assert from "node:assert/strict";
import { test } from "node:test";
import type { ResourceDefinition } from "../../definition.ts";
import { kind } from "../testing/kind.ts";
import { body, cells } from "../testing/try-kind.ts";

const spec = (definition: ResourceDefinition, value: object) => body(definition, { spec: value })["spec"];

test("a PriorityLevelConfiguration is defaulted, and shows upstream's columns", () => {
  const levels = kind("PriorityLevelConfiguration");
  const limited = { limitResponse: { type: "Queue", queuing: {} } };
  assert.deepEqual(spec(levels, { type: "Limited", limited }), {
    type: "Limited",
    limited: {
      nominalConcurrencyShares: 30,
      lendablePercent: 0,
      limitResponse: { type: "Queue", queuing: { handSize: 8, queues: 64, queueLengthLimit: 50 } },
    },
  });
  assert.deepEqual(cells(levels, { spec: { type: "Exempt" } }), {
    Type: "Exempt",
    NominalConcurrencyShares: "<none>",
    Queues: "<none>",
    HandSize: "<none>",
    QueueLengthLimit: "<none>",
  });
});
