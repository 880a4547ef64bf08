import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ConfigMap, Container, Pod, Secret } from "#objects";
import { container, podOf } from "../testing/pods.ts";
import { resolveEnvironment, type Surroundings } from "./resolve.ts";

const configMaps: Readonly<Record<string, ConfigMap>> = {
  cm: {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "cm" },
    data: { a: "1", b: "2", "odd.key-name": "3", ref: "$(X)" },
    binaryData: { bin: "AAE=" },
  },
};
const secrets: Readonly<Record<string, Secret>> = {
  s: {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "s" },
    data: { user: btoa("admin"), word: "w7w=", mark: "77u/eA==" },
  },
};
const around: Surroundings = {
  podIps: ["10.244.0.2", "fd00::2"],
  hostIps: ["172.18.0.2"],
  allocatable: { cpu: "4", memory: "8Gi", "ephemeral-storage": "10Gi" },
  configMap: (name) => (Object.hasOwn(configMaps, name) ? configMaps[name] : undefined),
  secret: (name) => (Object.hasOwn(secrets, name) ? secrets[name] : undefined),
  file: ({ volume, path }) =>
    volume === "files" ? `# ${path}\nK='from the file'\nEMPTY=''` : new Error(`cannot find the volume "${volume}"`),
  services: new Map([
    ["API_SERVICE_HOST", "10.96.0.1"],
    ["A", "service"],
  ]),
};

type Shape = Partial<Container>;
const podWith = (shape: Shape, more: Partial<Pod["metadata"]> = {}): Pod =>
  podOf(
    {
      serviceAccountName: "robot",
      containers: [container("main", shape), container("other", { resources: { limits: { cpu: "1500m" } } })],
      initContainers: [container("init")],
    },
    { labels: { app: "web", "example.com/tier": 'a"b' }, annotations: { Note: "two\nlines" }, ...more },
  );
const resolved = (shape: Shape, pod = podWith(shape)) => resolveEnvironment(pod, pod.spec!.containers[0]!, around);
/** Without the variables of Services, as lines. */
const lines = (shape: Shape) =>
  resolved(shape)
    .env.filter(({ name }) => !around.services.has(name))
    .map(({ name, value }) => `${name}=${value}`);

describe("a container's variables", () => {
  const cases: readonly (readonly [what: string, shape: Shape, lines: readonly string[]])[] = [
    ["none", {}, []],
    ["literal, and empty", { env: [{ name: "X", value: "1" }, { name: "Y" }] }, ["X=1", "Y="]],
    [
      "the last of a name counts",
      {
        env: [
          { name: "X", value: "1" },
          { name: "X", value: "2$(X)" },
        ],
      },
      ["X=21"],
    ],
    [
      "references see what came before, and Services",
      {
        env: [
          { name: "X", value: "$(Y)$(API_SERVICE_HOST)" },
          { name: "Y", value: "y" },
          { name: "Z", value: "$(Y)" },
        ],
      },
      ["X=$(Y)10.96.0.1", "Y=y", "Z=y"],
    ],
    [
      "envFrom a ConfigMap, any key, not its binary data, not expanded",
      { envFrom: [{ configMapRef: { name: "cm" } }] },
      ["a=1", "b=2", "odd.key-name=3", "ref=$(X)"],
    ],
    [
      "envFrom with a prefix",
      { envFrom: [{ prefix: "P_", secretRef: { name: "s" } }] },
      ["P_user=admin", "P_word=ü", "P_mark=\uFEFFx"],
    ],
    [
      "env counts more than envFrom, and can refer to it",
      { envFrom: [{ configMapRef: { name: "cm" } }], env: [{ name: "a", value: "was $(a), $(b)" }] },
      ["a=was 1, 2", "b=2", "odd.key-name=3", "ref=$(X)"],
    ],
    [
      "optional sources that are missing",
      {
        envFrom: [{ configMapRef: { name: "no", optional: true } }, { secretRef: { name: "no", optional: true } }],
        env: [
          { name: "W", valueFrom: { configMapKeyRef: { name: "no", key: "k", optional: true } } },
          { name: "X", valueFrom: { configMapKeyRef: { name: "cm", key: "toString", optional: true } } },
          { name: "Y", valueFrom: { secretKeyRef: { name: "no", key: "k", optional: true } } },
          { name: "Z", valueFrom: { secretKeyRef: { name: "s", key: "k", optional: true } } },
          { name: "F", valueFrom: { fileKeyRef: { volumeName: "files", path: "f", key: "NO", optional: true } } },
        ],
      },
      [],
    ],
    [
      "keys",
      {
        env: [
          { name: "X", valueFrom: { configMapKeyRef: { name: "cm", key: "a" } } },
          { name: "Y", valueFrom: { secretKeyRef: { name: "s", key: "user" } } },
          { name: "Z", valueFrom: { fileKeyRef: { volumeName: "files", path: "f", key: "K" } } },
        ],
      },
      ["X=1", "Y=admin", "Z=from the file"],
    ],
    [
      "fields",
      {
        env: [
          "metadata.name",
          "metadata.namespace",
          "metadata.uid",
          "metadata.labels['app']",
          "metadata.labels['example.com/tier']",
          "metadata.labels['none']",
          "metadata.annotations['Note']",
          "metadata.labels",
          "metadata.annotations",
          "spec.nodeName",
          "spec.serviceAccountName",
          "status.hostIP",
          "status.hostIPs",
          "status.podIP",
          "status.podIPs",
        ].map((fieldPath, i) => ({ name: `F${i}`, valueFrom: { fieldRef: { apiVersion: "v1", fieldPath } } })),
      },
      [
        "F0=web",
        "F1=default",
        "F2=u1",
        "F3=web",
        'F4=a"b',
        "F5=",
        "F6=two\nlines",
        'F7=app="web"\nexample.com/tier="a\\"b"',
        'F8=Note="two\\nlines"',
        "F9=n1",
        "F10=robot",
        "F11=172.18.0.2",
        "F12=172.18.0.2",
        "F13=10.244.0.2",
        "F14=10.244.0.2,fd00::2",
      ],
    ],
    [
      "resources: own, in another unit, rounded up, the node's when there is no limit, another container's",
      {
        resources: { limits: { memory: "100Mi", "hugepages-2Mi": "4Mi" }, requests: { cpu: "250m" } },
        env: (
          [
            { resource: "requests.cpu" },
            { resource: "requests.cpu", divisor: "1m" },
            { resource: "limits.cpu" },
            { resource: "limits.memory", divisor: "1Mi" },
            { resource: "limits.memory", divisor: "1Gi" },
            { resource: "limits.memory", divisor: "0" },
            { resource: "requests.memory" },
            { resource: "limits.ephemeral-storage", divisor: "1Gi" },
            { resource: "limits.hugepages-2Mi", divisor: "1Mi" },
            { resource: "limits.cpu", divisor: "1m", containerName: "other" },
            { resource: "limits.memory", divisor: "1Gi", containerName: "other" },
            { resource: "limits.memory", divisor: "1Gi", containerName: "init" },
          ] as const
        ).map((resourceFieldRef, i) => ({ name: `R${i}`, valueFrom: { resourceFieldRef } })),
      },
      [
        "R0=1",
        "R1=250",
        "R2=4",
        "R3=100",
        "R4=1",
        "R5=104857600",
        "R6=0",
        "R7=10",
        "R8=4",
        "R9=1500",
        "R10=8",
        "R11=0",
      ],
    ],
  ];
  for (const [what, shape, expected] of cases)
    test(`are resolved as upstream does it: ${what}`, () => assert.deepEqual(lines(shape), expected));

  test("Services' variables come last, and never over the container's own", () => {
    const { env } = resolved({ env: [{ name: "A", value: "own" }] });
    assert.deepEqual(env, [
      { name: "A", value: "own" },
      { name: "API_SERVICE_HOST", value: "10.96.0.1" },
    ]);
  });

  test("command and args are expanded by all of them", () => {
    const { command, args } = resolved({
      env: [{ name: "X", value: "1" }],
      command: ["sh", "$(X)", "$$(X)"],
      args: ["$(A)", "$(NONE)"],
    });
    assert.deepEqual({ command, args }, { command: ["sh", "1", "$(X)"], args: ["service", "$(NONE)"] });
  });

  test("limits of the pod as a whole stand in for the node's", () => {
    const env = ["limits.cpu", "limits.memory"].map((resource) => ({
      name: resource,
      valueFrom: { resourceFieldRef: { resource } },
    }));
    const pod = podOf({ containers: [container("main", { env })], resources: { limits: { cpu: "2" } } });
    assert.deepEqual(
      resolved({}, pod)
        .env.filter(({ name }) => name.startsWith("limits."))
        .map(({ value }) => value),
      ["2", String(8 * 2 ** 30)],
    );
  });
});

describe("a container's variables that cannot be resolved", () => {
  const field = (fieldPath: string, apiVersion = "v1"): Shape => ({
    env: [{ name: "X", valueFrom: { fieldRef: { fieldPath, apiVersion } } }],
  });
  const file = (volumeName: string, key: string): Shape => ({
    env: [{ name: "X", valueFrom: { fileKeyRef: { volumeName, path: "f", key } } }],
  });
  const cases: readonly (readonly [shape: Shape, message: string])[] = [
    [{ envFrom: [{ configMapRef: { name: "no" } }] }, 'configmap "no" not found'],
    [{ envFrom: [{ secretRef: { name: "no" } }] }, 'secret "no" not found'],
    [{ env: [{ name: "X", valueFrom: { configMapKeyRef: { name: "no", key: "k" } } }] }, 'configmap "no" not found'],
    [
      { env: [{ name: "X", valueFrom: { configMapKeyRef: { name: "cm", key: "k" } } }] },
      "couldn't find key k in ConfigMap default/cm",
    ],
    [
      { env: [{ name: "X", valueFrom: { configMapKeyRef: { name: "cm", key: "bin" } } }] },
      "couldn't find key bin in ConfigMap default/cm",
    ],
    [{ env: [{ name: "X", valueFrom: { secretKeyRef: { name: "no", key: "k" } } }] }, 'secret "no" not found'],
    [
      { env: [{ name: "X", valueFrom: { secretKeyRef: { name: "s", key: "constructor" } } }] },
      "couldn't find key constructor in Secret default/s",
    ],
    [field("spec.schedulerName"), "unsupported fieldPath: spec.schedulerName"],
    [field("spec.containers"), "field label not supported: spec.containers"],
    [field("metadata.name['x']"), "field label does not support subscript: metadata.name['x']"],
    [field("metadata.name", "v2"), "unsupported pod version: v2"],
    [
      { env: [{ name: "X", valueFrom: { resourceFieldRef: { resource: "limits.gpu" } } }] },
      "unsupported container resource : limits.gpu",
    ],
    [
      { env: [{ name: "X", valueFrom: { resourceFieldRef: { resource: "limits.cpu", containerName: "no" } } }] },
      "container no not found",
    ],
    [file("none", "K"), 'cannot find the volume "none"'],
    [file("files", "NO"), 'environment variable key "NO" not found in file "f"'],
    [file("files", "EMPTY"), 'environment variable key "EMPTY" not found in file "f"'],
  ];
  for (const [shape, message] of cases) {
    test(`fail the container with the reason: ${message}`, () =>
      assert.throws(() => resolved(shape), { reason: "CreateContainerConfigError", message }));
  }
});
