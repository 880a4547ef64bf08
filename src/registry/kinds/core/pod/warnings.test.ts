import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod, PodSpec } from "#objects";
import { podWarnings, templateWarnings, workloadNameWarnings } from "./warnings.ts";

const pod = (spec: Partial<PodSpec>, metadata: Pod["metadata"] = {}): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "p", ...metadata },
  spec: { containers: [{ name: "a", image: "i:1" }], ...spec },
});

test("an ordinary Pod has no warnings", () => {
  assert.deepEqual(podWarnings(pod({}), undefined), []);
});

test("deprecated fields and probable mistakes of a Pod are warned of", () => {
  const object = pod(
    {
      containers: [
        {
          name: "a",
          image: "i:1",
          env: [
            { name: "A", value: "1" },
            { name: "A", value: "2" },
            { name: "B", value: "x" },
            { name: "B", value: "$(B)y" },
          ],
          ports: [
            { containerPort: 80, protocol: "TCP" },
            { containerPort: 80, protocol: "TCP" },
          ],
          resources: { limits: { memory: "100m" } },
        },
      ],
      nodeSelector: { "beta.kubernetes.io/os": "linux" },
      hostAliases: [{ ip: "10.0.0.1" }, { ip: "10.0.0.1" }],
      imagePullSecrets: [{ name: "s" }, { name: "s" }],
      terminationGracePeriodSeconds: -1,
      topologySpreadConstraints: [{ maxSkew: 1, topologyKey: "z", whenUnsatisfiable: "DoNotSchedule" }],
      volumes: [{ name: "v", gitRepo: { repository: "r" } }],
    },
    { name: "a.b", annotations: { "scheduler.alpha.kubernetes.io/critical-pod": "" } },
  );
  assert.deepEqual(podWarnings(object, undefined), [
    "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]",
    'spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead',
    "spec.topologySpreadConstraints[0].labelSelector: a null labelSelector results in matching no pod",
    'metadata.annotations[scheduler.alpha.kubernetes.io/critical-pod]: non-functional in v1.16+; use the "priorityClassName" field instead',
    "spec.volumes[0].gitRepo: deprecated in v1.11, and disabled by default in v1.33+",
    'spec.hostAliases[1].ip: duplicate ip "10.0.0.1"',
    'spec.imagePullSecrets[1].name: duplicate name "s"',
    'spec.containers[0].resources.limits[memory]: fractional byte value "100m" is invalid, must be an integer',
    'spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply',
    "spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]",
    "spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1",
  ]);
  assert.deepEqual(podWarnings(object, object), []);
});

test("a template's warnings name its path, and are not repeated for an unchanged template", () => {
  const template = { spec: { containers: [{ name: "a" }], terminationGracePeriodSeconds: -1 } };
  assert.deepEqual(templateWarnings(template, undefined, "spec.template"), [
    "spec.template.spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1",
  ]);
  assert.deepEqual(templateWarnings(template, template, "spec.template"), []);
  assert.equal(workloadNameWarnings({ name: "a.b" }).length, 1);
});

test("files of a volume that overlap are warned of", () => {
  const token = { serviceAccountToken: { path: "token" } };
  const map = { configMap: { name: "m", items: [{ key: "k", path: "token" }] } };
  const items = [
    { key: "a", path: "dir" },
    { key: "b", path: "dir/file" },
  ];
  const template = {
    spec: {
      containers: [{ name: "a" }],
      volumes: [
        { name: "v", configMap: { name: "c", items } },
        { name: "p", projected: { sources: [token, map, {}] } },
      ],
    },
  };
  assert.deepEqual(templateWarnings(template, undefined, "spec.template"), [
    'volume "v" (ConfigMap "c"): overlapping paths: "dir/file" with "dir"',
    'volume "p" (Projected ConfigMap "m"): overlapping paths: "token" with "token"',
    'volume "p" (Projected) has no sources provided',
  ]);
});

test("profiles named by annotations, and affinity terms that match no Pod, are warned of", () => {
  const template = {
    metadata: {
      annotations: {
        "seccomp.security.alpha.kubernetes.io/pod": "runtime/default",
        "container.apparmor.security.beta.kubernetes.io/a": "runtime/default",
      },
    },
    spec: {
      containers: [{ name: "a" }],
      affinity: {
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: "kubernetes.io/hostname" }],
          preferredDuringSchedulingIgnoredDuringExecution: [
            { weight: 1, podAffinityTerm: { topologyKey: "kubernetes.io/hostname" } },
          ],
        },
      },
    },
  };
  const at = "spec.template.spec.affinity.podAntiAffinity";
  assert.deepEqual(templateWarnings(template, undefined, "spec.template"), [
    'spec.template.metadata.annotations[seccomp.security.alpha.kubernetes.io/pod]: non-functional in v1.27+; use the "seccompProfile" field instead',
    'spec.template.metadata.annotations[container.apparmor.security.beta.kubernetes.io/a]: deprecated since v1.30; use the "appArmorProfile" field instead',
    `${at}.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector: a null labelSelector results in matching no pod`,
    `${at}.preferredDuringSchedulingIgnoredDuringExecution[0].podAffinityTerm.labelSelector: a null labelSelector results in matching no pod`,
  ]);
});
