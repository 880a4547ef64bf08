import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { limitRanges } from "./limit-range.ts";
import { resourceQuotas } from "./resource-quota.ts";
import { body, cells, wrong } from "../testing/try-kind.ts";

describe("LimitRange", () => {
  test("defaults follow from the maximum, and requests from the defaults", () => {
    const limits = [{ type: "Container", max: { cpu: "2" }, min: { memory: "1Mi" }, default: { memory: "2Mi" } }];
    assert.deepEqual(body(limitRanges, { spec: { limits } }), {
      spec: {
        limits: [
          {
            type: "Container",
            max: { cpu: "2" },
            min: { memory: "1Mi" },
            default: { cpu: "2", memory: "2Mi" },
            defaultRequest: { cpu: "2", memory: "2Mi" },
          },
        ],
      },
    });
  });

  test("a minimum is not above its maximum, a ratio not below 1, and a type comes once", () => {
    const limits = [
      { type: "Pod", min: { cpu: "2" }, max: { cpu: "1" }, maxLimitRequestRatio: { cpu: "500m" } },
      { type: "PersistentVolumeClaim" },
      { type: "Pod", default: { cpu: "1" } },
    ];
    assert.deepEqual(wrong(limitRanges, { spec: { limits } }), [
      'spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1',
      'spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: "500m": ratio 500m is less than 1',
      "spec.limits[1].limits: Required value: either minimum or maximum storage value is required, but neither was provided",
      'spec.limits[2].type: Duplicate value: "Pod"',
      "spec.limits[2].default: Forbidden: may not be specified when `type` is 'Pod'",
    ]);
  });
});

describe("ResourceQuota", () => {
  test("resources must have known names, whole amounts and scopes that fit together", () => {
    assert.deepEqual(
      wrong(resourceQuotas, {
        spec: { hard: { pods: "1.5", nonsense: "1" }, scopes: ["BestEffort", "NotBestEffort"] },
      }),
      [
        'spec.hard[pods]: Invalid value: "1.5": must be an integer',
        'spec.hard[nonsense]: Invalid value: "nonsense": must be a standard resource type or fully qualified',
        'spec.hard[nonsense]: Invalid value: "nonsense": must be a standard resource for quota',
        'spec.scopes: Invalid value: ["BestEffort","NotBestEffort"]: conflicting scopes',
      ],
    );
    assert.deepEqual(wrong(resourceQuotas, { spec: { hard: { services: "1" }, scopes: ["Terminating"] } }), [
      'spec.scopes: Invalid value: ["Terminating"]: unsupported scope applied to resource',
    ]);
    assert.deepEqual(wrong(resourceQuotas, { spec: { hard: { "count/deployments.apps": "3", pods: "10" } } }), []);
  });

  test("shows requests and limits with their use as columns", () => {
    const status = { hard: { pods: "10", "limits.cpu": "2", "requests.cpu": "1" }, used: { pods: "3" } };
    assert.deepEqual(cells(resourceQuotas, { status }), {
      Request: "pods: 3/10, requests.cpu: 0/1",
      Limit: "limits.cpu: 0/2",
    });
  });
});
