import assert from "node:assert/strict";
import { test } from "node:test";
import type { Draft, FieldError, Pod, PodSpec } from "#objects";
import { defaultPod } from "../defaults.ts";
import { validatePodStatusUpdate } from "./status.ts";
import { validatePodUpdate } from "./update.ts";

const texts = (errors: readonly FieldError[]) => errors.map(({ field, message }) => `${field}: ${message}`);

const pod = (spec: Partial<PodSpec> = {}, more: Partial<Pod> = {}): Pod => {
  const draft = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p" },
    spec: structuredClone({ containers: [{ name: "a", image: "i:1" }], ...spec }),
    ...more,
  } as Draft<Pod>;
  defaultPod(draft);
  return draft as Pod;
};

const ONLY =
  "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n";

test("an update of a Pod may change images, tolerations, gates and the deadline", () => {
  const old = pod({ tolerations: [{ key: "a", operator: "Exists" }], schedulingGates: [{ name: "g" }, { name: "h" }] });
  const allowed: readonly Partial<PodSpec>[] = [
    {},
    { containers: [{ name: "a", image: "i:2", imagePullPolicy: "IfNotPresent" }] },
    { activeDeadlineSeconds: 5 },
    {
      tolerations: [
        { key: "a", operator: "Exists" },
        { key: "b", operator: "Exists" },
      ],
    },
    { schedulingGates: [{ name: "h" }] },
    { nodeSelector: { disk: "ssd" } },
    { hostNetwork: false, hostname: "" },
  ];
  for (const change of allowed) {
    const spec = {
      tolerations: [{ key: "a", operator: "Exists" }],
      schedulingGates: [{ name: "g" }, { name: "h" }],
      ...change,
    };
    assert.deepEqual(texts(validatePodUpdate(pod(spec), old)), [], JSON.stringify(change));
  }
});

test("an update of a Pod that changes anything else is refused in upstream's words", () => {
  const old = pod({ activeDeadlineSeconds: 5, tolerations: [{ key: "a", operator: "Exists" }] });
  const cases: readonly (readonly [Partial<PodSpec>, readonly string[]])[] = [
    [{ hostname: "h" }, [`${ONLY}+\tspec.hostname: "h"\n`]],
    [{ containers: [{ name: "a", image: "i:1", command: ["x"] }] }, [`${ONLY}+\tspec.containers[0].command: ["x"]\n`]],
    [{ automountServiceAccountToken: false }, [`${ONLY}+\tspec.automountServiceAccountToken: false\n`]],
    [
      {
        containers: [
          { name: "a", image: "i:1" },
          { name: "b", image: "i:1" },
        ],
      },
      ["spec.containers: Forbidden: pod updates may not add or remove containers"],
    ],
    [
      { activeDeadlineSeconds: 6 },
      ["spec.activeDeadlineSeconds: Invalid value: 6: must be less than or equal to previous value"],
    ],
    [
      { tolerations: [] },
      ["spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds"],
    ],
    [
      { schedulingGates: [{ name: "g" }] },
      ["spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found new scheduling gate 'g'"],
    ],
    [{ nodeSelector: { disk: "ssd" } }, [`${ONLY}+\tspec.nodeSelector: {"disk":"ssd"}\n`]],
  ];
  for (const [change, expected] of cases) {
    const spec = { activeDeadlineSeconds: 5, tolerations: [{ key: "a", operator: "Exists" }], ...change };
    assert.deepEqual(texts(validatePodUpdate(pod(spec), old)), expected, JSON.stringify(change));
  }
});

test("a negative grace period may be updated to one second", () => {
  const old = pod({ terminationGracePeriodSeconds: -5 });
  assert.deepEqual(texts(validatePodUpdate(pod({ terminationGracePeriodSeconds: 1 }), old)), []);
  assert.equal(validatePodUpdate(pod({ terminationGracePeriodSeconds: 2 }), old).length, 1);
});

test("a gated pod's node selector and affinity may only be narrowed", () => {
  const gated = (more: Partial<PodSpec>) => pod({ schedulingGates: [{ name: "g" }], ...more });
  const term = (...keys: string[]) => ({
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: keys.map((key) => ({ key, operator: "Exists" })) }],
      },
    },
  });
  assert.deepEqual(texts(validatePodUpdate(gated({ affinity: term("a", "b") }), gated({ affinity: term("a") }))), []);
  assert.equal(validatePodUpdate(gated({ affinity: term("b") }), gated({ affinity: term("a") })).length, 1);
  assert.deepEqual(texts(validatePodUpdate(gated({}), gated({ nodeSelector: { a: "b" } }))), [
    "spec.nodeSelector: Invalid value: null: only additions to spec.nodeSelector are allowed (no mutations or deletions)",
  ]);
});

test("a status update may not restart an ended container, change the QoS class or contradict itself", () => {
  const ended = {
    name: "a",
    image: "",
    imageID: "",
    ready: false,
    restartCount: 0,
    state: { terminated: { exitCode: 0 } },
  };
  const old = pod({ restartPolicy: "Never" }, { status: { qosClass: "BestEffort", containerStatuses: [ended] } });
  const next = pod(
    { restartPolicy: "Never" },
    {
      status: {
        qosClass: "Burstable",
        containerStatuses: [{ ...ended, state: { running: {} } }],
        podIPs: [{ ip: "10.0.0.1" }, { ip: "10.0.0.2" }],
        hostIP: "1.1.1.1",
        hostIPs: [{ ip: "1.1.1.2" }],
      },
    },
  );
  assert.deepEqual(texts(validatePodStatusUpdate(next, old)), [
    'status.qosClass: Invalid value: "Burstable": field is immutable',
    "status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state",
    'status.podIPs: Invalid value: [{"ip":"10.0.0.1"},{"ip":"10.0.0.2"}]: may specify no more than one IP for each IP family',
    'status.hostIPs[0].ip: Invalid value: "1.1.1.2": must be equal to `hostIP`',
  ]);
  assert.deepEqual(validatePodStatusUpdate(old, old), []);
});
