import assert from "node:assert/strict";
import { test } from "node:test";
import type { Draft, FieldError, Pod, PodSpec } from "#objects";
import { defaultPod } from "../defaults.ts";
import { validateNewPod, validatePod } from "./pod.ts";

const texts = (errors: readonly FieldError[]) => errors.map(({ field, message }) => `${field}: ${message}`);

/** What is wrong with a pod of this spec once it has its defaults. */
const wrong = (spec: unknown, metadata: Pod["metadata"] = {}): string[] => {
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p", namespace: "default", ...metadata },
    spec: structuredClone(spec),
  } as Draft<Pod>;
  defaultPod(pod);
  return [...texts(validatePod(pod as Pod)), ...texts(validateNewPod(pod as Pod))];
};

const OK = { name: "a", image: "i:1" };
const LABEL =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const one = (container: object, more: object = {}) => ({ containers: [{ ...OK, ...container }], ...more });

test("a Pod that uses many of the fields is valid", () => {
  const spec: PodSpec = {
    activeDeadlineSeconds: 10,
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: "a", operator: "In", values: ["b"] }] }],
        },
      },
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          {
            weight: 1,
            podAffinityTerm: { topologyKey: "kubernetes.io/hostname", labelSelector: { matchLabels: { a: "b" } } },
          },
        ],
      },
    },
    containers: [
      {
        ...OK,
        ports: [{ name: "http", containerPort: 80, hostPort: 8080 }],
        env: [
          { name: "A", value: "b" },
          { name: "CPU", valueFrom: { resourceFieldRef: { resource: "limits.cpu", divisor: "1m" } } },
          { name: "KEY", valueFrom: { secretKeyRef: { name: "s", key: "k" } } },
        ],
        envFrom: [{ configMapRef: { name: "c" }, prefix: "X_" }],
        livenessProbe: { httpGet: { port: "http" } },
        readinessProbe: { exec: { command: ["true"] }, successThreshold: 2 },
        lifecycle: { preStop: { sleep: { seconds: 3 } } },
        resources: { requests: { cpu: "1", memory: "1Gi" }, limits: { cpu: "2", "example.com/gpu": "1" } },
        securityContext: {
          runAsUser: 1000,
          capabilities: { drop: ["ALL"] },
          seccompProfile: { type: "RuntimeDefault" },
        },
        volumeMounts: [{ name: "v", mountPath: "/v", subPath: "a/b" }],
      },
    ],
    dnsConfig: { nameservers: ["1.1.1.1"], searches: ["a.b"], options: [{ name: "ndots", value: "2" }] },
    dnsPolicy: "None",
    hostAliases: [{ ip: "10.0.0.1", hostnames: ["x.y"] }],
    initContainers: [{ name: "s", image: "i:1", restartPolicy: "Always", startupProbe: { tcpSocket: { port: 1 } } }],
    tolerations: [{ key: "k", operator: "Exists", effect: "NoExecute", tolerationSeconds: 3 }],
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: "zone",
        whenUnsatisfiable: "DoNotSchedule",
        labelSelector: { matchLabels: { a: "b" } },
      },
    ],
    volumes: [{ name: "v" }, { name: "c", configMap: { name: "c", items: [{ key: "k", path: "p" }] } }],
  };
  assert.deepEqual(wrong(spec), []);
});

const CASES: Readonly<Record<string, readonly [spec: unknown, expected: readonly string[]]>> = {
  "no containers": [{ containers: [] }, ["spec.containers: Required value"]],
  "several things at once": [
    { containers: [{ name: "A b" }, { name: "a", image: " x" }], restartPolicy: "Sometimes" },
    [
      `spec.containers[0].name: Invalid value: "A b": ${LABEL}`,
      "spec.containers[0].image: Required value",
      'spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "Never", "OnFailure"',
      'spec.containers[1].image: Invalid value: " x": must not have leading or trailing whitespace',
    ],
  ],
  "two containers of one name": [
    { containers: [OK, OK], initContainers: [OK] },
    ['spec.containers[1].name: Duplicate value: "a"', 'spec.initContainers[0].name: Duplicate value: "a"'],
  ],
  "requests above limits": [
    one({ resources: { requests: { cpu: "2" }, limits: { cpu: "1" } } }),
    ['spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1'],
  ],
  "resources that do not exist": [
    one({
      resources: {
        limits: { cup: "1", "example.com/gpu": "1500m" },
        requests: { memory: "-1", cup: "1", "example.com/gpu": "1500m" },
      },
    }),
    [
      'spec.containers[0].resources.limits[cup]: Invalid value: "cup": must be a standard resource type or fully qualified',
      'spec.containers[0].resources.limits[cup]: Invalid value: "cup": must be a standard resource for containers',
      'spec.containers[0].resources.limits[example.com/gpu]: Invalid value: "1500m": must be an integer',
      'spec.containers[0].resources.requests[memory]: Invalid value: "-1": must be greater than or equal to 0',
      'spec.containers[0].resources.requests[cup]: Invalid value: "cup": must be a standard resource type or fully qualified',
      'spec.containers[0].resources.requests[cup]: Invalid value: "cup": must be a standard resource for containers',
      'spec.containers[0].resources.requests[example.com/gpu]: Invalid value: "1500m": must be an integer',
    ],
  ],
  "devices are not overcommitted": [
    one({ resources: { requests: { "example.com/gpu": "1" } } }),
    ["spec.containers[0].resources.limits: Required value: Limit must be set for non overcommitable resources"],
  ],
  "huge pages": [
    one({ resources: { limits: { "hugepages-2Mi": "3Mi" } } }),
    [
      'spec.containers[0].resources.limits[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-2Mi',
      'spec.containers[0].resources.requests[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-2Mi',
      "spec.containers[0].resources: Forbidden: HugePages require cpu or memory",
    ],
  ],
  ports: [
    one({
      ports: [
        { name: "UP", containerPort: 0 },
        { containerPort: 70000, protocol: "ICMP" },
        { name: "a", containerPort: 1, hostPort: 1 },
        { name: "a", containerPort: 1, hostPort: 1 },
      ],
    }),
    [
      'spec.containers[0].ports[0].name: Invalid value: "UP": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)',
      'spec.containers[0].ports[0].name: Invalid value: "UP": must contain at least one letter (a-z)',
      "spec.containers[0].ports[0].containerPort: Required value",
      "spec.containers[0].ports[1].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive",
      'spec.containers[0].ports[1].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"',
      'spec.containers[0].ports[3].name: Duplicate value: "a"',
      'spec.containers[0].ports[3].hostPort: Duplicate value: "TCP//1"',
    ],
  ],
  environment: [
    one({
      env: [
        { name: "" },
        { name: "A=B" },
        { name: "X", value: "y", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
        { name: "Y", valueFrom: { fieldRef: { fieldPath: "spec.hostname" } } },
        { name: "Z", valueFrom: { fieldRef: { fieldPath: "metadata.labels" } } },
        { name: "E", valueFrom: {} },
        { name: "R", valueFrom: { resourceFieldRef: { resource: "cpu" } } },
      ],
      envFrom: [{}],
    }),
    [
      "spec.containers[0].env[0].name: Required value",
      "spec.containers[0].env[1].name: Invalid value: \"A=B\": a valid environment variable name must consist only of printable ASCII characters other than '='",
      'spec.containers[0].env[2].valueFrom: Invalid value: "": may not be specified when `value` is not empty',
      'spec.containers[0].env[3].valueFrom.fieldRef.fieldPath: Invalid value: "spec.hostname": error converting fieldPath: field label not supported: spec.hostname',
      'spec.containers[0].env[4].valueFrom.fieldRef.fieldPath: Unsupported value: "metadata.labels": supported values: "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"',
      'spec.containers[0].env[5].valueFrom: Invalid value: "": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`',
      'spec.containers[0].env[6].valueFrom.resourceFieldRef.resource: Unsupported value: "cpu": supported values: "limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage", "requests.memory"',
      'spec.containers[0].envFrom: Invalid value: "": must specify one of: `configMapRef` or `secretRef`',
    ],
  ],
  "volumes and mounts": [
    one(
      {
        volumeMounts: [
          { name: "none", mountPath: "/a" },
          { name: "v", mountPath: "" },
          { name: "v", mountPath: "/b", mountPropagation: "Bidirectional" },
          { name: "v", mountPath: "/b", subPath: "../x" },
        ],
      },
      {
        volumes: [
          { name: "v" },
          { name: "v" },
          { name: "two", emptyDir: {}, hostPath: { path: "/" } },
          { name: "s", secret: {} },
        ],
      },
    ),
    [
      'spec.volumes[1].name: Duplicate value: "v"',
      "spec.volumes[2].hostPath: Forbidden: may not specify more than 1 volume type",
      "spec.volumes[3].secret.secretName: Required value",
      'spec.containers[0].volumeMounts[0].name: Not found: "none"',
      "spec.containers[0].volumeMounts[1].mountPath: Required value",
      "spec.containers[0].volumeMounts.mountPropagation: Forbidden: Bidirectional mount propagation is available only to privileged containers",
      'spec.containers[0].volumeMounts[3].mountPath: Invalid value: "/b": must be unique',
      "spec.containers[0].volumeMounts.subPath: Invalid value: \"../x\": must not contain '..'",
    ],
  ],
  "projected volumes": [
    one(
      {},
      {
        volumes: [
          {
            name: "p",
            projected: {
              sources: [
                {
                  secret: { name: "s", items: [{ key: "k", path: "x" }] },
                  configMap: { name: "c", items: [{ key: "k", path: "x" }] },
                },
                { serviceAccountToken: { path: "t", expirationSeconds: 5 } },
              ],
            },
          },
        ],
        serviceAccountName: "sa",
      },
    ),
    [
      'spec.volumes[0].projected: Invalid value: "c": conflicting duplicate paths',
      "spec.volumes[0].projected.sources[0]: Forbidden: may not specify more than 1 volume type per source",
      "spec.volumes[0].projected.sources[1].serviceAccountToken.expirationSeconds: Invalid value: 5: may not specify a duration less than 10 minutes",
    ],
  ],
  probes: [
    one({
      livenessProbe: { httpGet: { port: 0 }, exec: { command: ["x"] }, successThreshold: 2 },
      readinessProbe: { timeoutSeconds: -1 },
      lifecycle: { preStop: { sleep: { seconds: 31 } } },
    }),
    [
      "spec.containers[0].lifecycle.preStop.sleep: Invalid value: 31: must be non-negative and less than terminationGracePeriodSeconds (30)",
      "spec.containers[0].livenessProbe.httpGet: Forbidden: may not specify more than 1 handler type",
      "spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1",
      "spec.containers[0].readinessProbe: Required value: must specify a handler type",
      "spec.containers[0].readinessProbe.timeoutSeconds: Invalid value: -1: must be greater than or equal to 0",
    ],
  ],
  "init containers keep to their own rules": [
    {
      containers: [OK],
      initContainers: [{ name: "i", image: "i:1", livenessProbe: { tcpSocket: { port: 1 } }, lifecycle: {} }],
    },
    [
      "spec.initContainers[0].lifecycle: Forbidden: may not be set for init containers without restartPolicy=Always",
      "spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers without restartPolicy=Always",
    ],
  ],
  "ephemeral containers cannot come with the pod": [
    {
      containers: [OK],
      ephemeralContainers: [{ name: "a", image: "i:1", ports: [{ containerPort: 1 }], targetContainerName: "x" }],
    },
    [
      'spec.ephemeralContainers[0].name: Duplicate value: "a"',
      'spec.ephemeralContainers[0].targetContainerName: Not found: "x"',
      "spec.ephemeralContainers[0].ports: Forbidden: cannot be set for an Ephemeral Container",
      "spec.ephemeralContainers: Forbidden: cannot be set on create",
    ],
  ],
  "security contexts": [
    one(
      {
        securityContext: {
          runAsUser: -1,
          privileged: true,
          allowPrivilegeEscalation: false,
          procMount: "All",
          seccompProfile: { type: "Localhost" },
        },
      },
      {
        securityContext: { sysctls: [{ name: "net.core.somaxconn", value: "1" }], fsGroupChangePolicy: "X" },
        hostNetwork: true,
        hostUsers: false,
      },
    ),
    [
      "spec.containers[0].securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive",
      'spec.containers[0].securityContext.procMount: Unsupported value: "All": supported values: "Default", "Unmasked"',
      "spec.containers[0].securityContext.seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost",
      'spec.containers[0].securityContext: Invalid value: {"runAsUser":-1,"privileged":true,"allowPrivilegeEscalation":false,"procMount":"All","seccompProfile":{"type":"Localhost"}}: cannot set `allowPrivilegeEscalation` to false and `privileged` to true',
      "spec.securityContext.sysctls[0].name: Invalid value: \"net.core.somaxconn\": may not be specified when 'hostNetwork' is true",
      'spec.securityContext.fsGroupChangePolicy: Unsupported value: "X": supported values: "Always", "OnRootMismatch"',
      "spec.hostNetwork: Forbidden: when `pod.Spec.HostUsers` is false",
    ],
  ],
  affinity: [
    {
      containers: [OK],
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] },
          preferredDuringSchedulingIgnoredDuringExecution: [
            {
              weight: 101,
              preference: {
                matchExpressions: [
                  { key: "a", operator: "In" },
                  { key: "b", operator: "Is" },
                ],
              },
            },
          ],
        },
        podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: "" }] },
      },
    },
    [
      "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Required value: must have at least one node selector term",
      "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 101: must be in the range 1-100",
      "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
      'spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions[1].operator: Invalid value: "Is": not a valid selector operator',
      "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Required value: can not be empty",
      'spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Invalid value: "": name part must be non-empty',
      "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Invalid value: \"\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
    ],
  ],
  scheduling: [
    {
      containers: [OK],
      nodeName: "n",
      schedulingGates: [{ name: "a" }, { name: "a" }],
      tolerations: [
        { operator: "Equal" },
        { key: "a", operator: "Exists", value: "b", effect: "Never", tolerationSeconds: 1 },
      ],
      topologySpreadConstraints: [
        { maxSkew: 0, topologyKey: "z", whenUnsatisfiable: "Maybe" },
        { maxSkew: 1, topologyKey: "z", whenUnsatisfiable: "ScheduleAnyway", minDomains: 1, matchLabelKeys: ["a"] },
      ],
    },
    [
      'spec.schedulingGates[1]: Duplicate value: "a"',
      "spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero",
      'spec.topologySpreadConstraints[0].whenUnsatisfiable: Unsupported value: "Maybe": supported values: "DoNotSchedule", "ScheduleAnyway"',
      "spec.topologySpreadConstraints[1].minDomains: Invalid value: 1: can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway",
      "spec.topologySpreadConstraints[1].matchLabelKeys: Forbidden: must not be specified when labelSelector is not set",
      'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, which means "match all values and all keys"',
      "spec.tolerations[1].effect: Invalid value: \"Never\": effect must be 'NoExecute' when `tolerationSeconds` is set",
      "spec.tolerations[1].operator: Invalid value: \"b\": value must be empty when `operator` is 'Exists'",
      'spec.tolerations[1].effect: Unsupported value: "Never": supported values: "NoExecute", "NoSchedule", "PreferNoSchedule"',
      "spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared",
    ],
  ],
  names: [
    {
      containers: [OK],
      dnsPolicy: "None",
      hostAliases: [{ ip: "x" }],
      activeDeadlineSeconds: 0,
      os: { name: "plan9" },
    },
    [
      "spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None",
      "spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive",
      'spec.hostAliases[0].ip: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
      'spec.os: Unsupported value: "plan9": supported values: "linux", "windows"',
    ],
  ],
  "a Windows pod": [
    one(
      { securityContext: { privileged: true } },
      { os: { name: "windows" }, securityContext: { fsGroup: 1 }, hostPID: true },
    ),
    [
      "spec.hostPID: Forbidden: cannot be set for a windows pod",
      "spec.securityContext.fsGroup: Forbidden: cannot be set for a windows pod",
      "spec.containers[0].securityContext.privileged: Forbidden: cannot be set for a windows pod",
    ],
  ],
  "resource claims": [
    one({ resources: { claims: [{ name: "gpu" }, { name: "x" }] } }, { resourceClaims: [{ name: "gpu" }] }),
    [
      'spec.resourceClaims[0]: Invalid value: {"name":"gpu"}: must specify one of: `resourceClaimName`, `resourceClaimTemplateName`',
      'spec.containers[0].resources.claims[1]: Not found: "x": must be one of the names in pod.spec.resourceClaims: gpu',
    ],
  ],
  "pod-level resources": [
    one(
      { resources: { requests: { cpu: "2" }, limits: { memory: "2Gi" } } },
      { resources: { requests: { cpu: "1" }, limits: { memory: "1Gi", disk: "1" } } },
    ),
    [
      'spec.resources.limits[disk]: Unsupported value: "disk": supported values: "cpu", "hugepages-", "memory"',
      'spec.resources.requests: Invalid value: "2Gi": must be less than or equal to memory limit of 1Gi',
      'spec.resources.requests[cpu]: Invalid value: "1": must be greater than or equal to aggregate container requests of 2',
      'spec.resources.containers[0][memory].limits: Invalid value: "2Gi": must be less than or equal to pod limits of 1Gi',
    ],
  ],
};

for (const [name, [spec, expected]] of Object.entries(CASES)) {
  void test(`what is wrong is refused in upstream's words: ${name}`, () => assert.deepEqual(wrong(spec), expected));
}

test("annotations that mean something to Pods are validated", () => {
  const annotations = {
    "controller.kubernetes.io/pod-deletion-cost": "+1",
    "kubernetes.io/config.mirror": "x",
    "container.apparmor.security.beta.kubernetes.io/b": "some",
  };
  assert.deepEqual(wrong({ containers: [OK] }, { annotations }), [
    'metadata.annotations[controller.kubernetes.io/pod-deletion-cost]: Invalid value: "+1": must be a 32bit integer',
    'metadata.annotations[kubernetes.io/config.mirror]: Invalid value: "x": must set spec.nodeName if mirror pod annotation is set',
    'metadata.annotations[container.apparmor.security.beta.kubernetes.io/b]: Invalid value: "b": container not found',
    'metadata.annotations[container.apparmor.security.beta.kubernetes.io/b]: Invalid value: "some": invalid AppArmor profile name: "some"',
  ]);
});
