import assert from "node:assert/strict";
import { test } from "node:test";
import type { Draft, Pod, PodSpec, PodTemplateSpec } from "#objects";
import { defaultPod, defaultPodTemplate } from "./defaults.ts";

const defaulted = (spec: PodSpec): PodSpec => {
  const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "a" }, spec: structuredClone(spec) } as Draft<Pod>;
  defaultPod(pod);
  return pod.spec as PodSpec;
};

const CONTAINER = {
  imagePullPolicy: "Always",
  resources: {},
  terminationMessagePath: "/dev/termination-log",
  terminationMessagePolicy: "File",
};
const SPEC = {
  dnsPolicy: "ClusterFirst",
  enableServiceLinks: true,
  restartPolicy: "Always",
  schedulerName: "default-scheduler",
  securityContext: {},
  terminationGracePeriodSeconds: 30,
};

test("a Pod of a name and an image gets all of upstream's defaults", () => {
  assert.deepEqual(defaulted({ containers: [{ name: "web", image: "nginx" }] }), {
    ...SPEC,
    containers: [{ name: "web", image: "nginx", ...CONTAINER }],
  });
});

test("a field that is given keeps its value", () => {
  const spec: PodSpec = {
    dnsPolicy: "Default",
    enableServiceLinks: false,
    restartPolicy: "Never",
    schedulerName: "mine",
    securityContext: { runAsUser: 1 },
    terminationGracePeriodSeconds: 0,
    containers: [
      {
        name: "web",
        image: "nginx:1",
        imagePullPolicy: "Never",
        resources: { requests: { cpu: "1" } },
        terminationMessagePath: "/x",
        terminationMessagePolicy: "FallbackToLogsOnError",
      },
    ],
  };
  assert.deepEqual(defaulted(spec), spec);
});

const SHA = `sha256:${"a".repeat(64)}`;

test("the pull policy follows the tag", () => {
  const policies: Readonly<Record<string, string>> = {
    nginx: "Always",
    "nginx:latest": "Always",
    "nginx:1.27": "IfNotPresent",
    "localhost:5000/nginx": "Always",
    "localhost:5000/nginx:2": "IfNotPresent",
    [`nginx@${SHA}`]: "IfNotPresent",
    [`nginx:3@${SHA}`]: "IfNotPresent",
    [`nginx:latest@${SHA}`]: "Always",
    Nginx: "IfNotPresent",
    "": "IfNotPresent",
  };
  const policy = (image: string) => defaulted({ containers: [{ name: "a", image }] }).containers[0]?.imagePullPolicy;
  for (const [image, expected] of Object.entries(policies)) assert.equal(policy(image), expected, image);
});

test("probes, ports, field references and hooks get their defaults", () => {
  const { containers } = defaulted({
    containers: [
      {
        name: "a",
        image: "i:1",
        ports: [{ containerPort: 80 }],
        env: [{ name: "IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } }],
        livenessProbe: { httpGet: { port: 80 } },
        readinessProbe: { tcpSocket: { port: 80 }, periodSeconds: 5 },
        lifecycle: { preStop: { httpGet: { port: 80, path: "/stop" } } },
      },
    ],
  });
  const container = containers[0]!;
  assert.deepEqual(container.ports, [{ containerPort: 80, protocol: "TCP" }]);
  assert.deepEqual(container.env?.[0]?.valueFrom?.fieldRef, { fieldPath: "status.podIP", apiVersion: "v1" });
  const times = { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 };
  assert.deepEqual(container.livenessProbe, { httpGet: { port: 80, path: "/", scheme: "HTTP" }, ...times });
  assert.deepEqual(container.readinessProbe, { tcpSocket: { port: 80 }, ...times, periodSeconds: 5 });
  assert.deepEqual(container.lifecycle?.preStop?.httpGet, { port: 80, path: "/stop", scheme: "HTTP" });
});

test("volumes get their default source, mode and type", () => {
  const { volumes } = defaulted({
    containers: [],
    volumes: [
      { name: "nothing" },
      { name: "secret", secret: { secretName: "s" } },
      { name: "config", configMap: { name: "c", defaultMode: 256 } },
      { name: "host", hostPath: { path: "/" } },
      { name: "down", downwardAPI: { items: [{ path: "labels", fieldRef: { fieldPath: "metadata.labels" } }] } },
      { name: "token", projected: { sources: [{ serviceAccountToken: { path: "token" } }] } },
      { name: "image", image: { reference: "a:1" } },
    ],
  });
  assert.deepEqual(volumes, [
    { name: "nothing", emptyDir: {} },
    { name: "secret", secret: { secretName: "s", defaultMode: 420 } },
    { name: "config", configMap: { name: "c", defaultMode: 256 } },
    { name: "host", hostPath: { path: "/", type: "" } },
    {
      name: "down",
      downwardAPI: {
        defaultMode: 420,
        items: [{ path: "labels", fieldRef: { fieldPath: "metadata.labels", apiVersion: "v1" } }],
      },
    },
    {
      name: "token",
      projected: { defaultMode: 420, sources: [{ serviceAccountToken: { path: "token", expirationSeconds: 3600 } }] },
    },
    { name: "image", image: { reference: "a:1", pullPolicy: "IfNotPresent" } },
  ]);
});

test("requests default to limits in Pods and not in templates", () => {
  const containers = [
    { name: "a", image: "i:1", resources: { limits: { cpu: "1", memory: "1Gi" }, requests: { cpu: "500m" } } },
  ];
  const spec = defaulted({ containers });
  assert.deepEqual(spec.containers[0]?.resources?.requests, { cpu: "500m", memory: "1Gi" });
  const template: Draft<PodTemplateSpec> = { spec: { containers: structuredClone(containers) } };
  defaultPodTemplate(template);
  assert.deepEqual(template.spec?.containers[0]?.resources?.requests, { cpu: "500m" });
  assert.equal(template.spec?.enableServiceLinks, undefined);
  assert.deepEqual(template.metadata, {});
});

test("requests of a whole Pod default to the sum of its containers', else to its limits", () => {
  const { resources } = defaulted({
    resources: { limits: { cpu: "4", memory: "2Gi" } },
    containers: [
      { name: "a", image: "i:1", resources: { requests: { cpu: "500m" } } },
      { name: "b", image: "i:1", resources: { requests: { cpu: "1" } } },
    ],
  });
  assert.deepEqual(resources, { limits: { cpu: "4", memory: "2Gi" }, requests: { cpu: "1500m", memory: "2Gi" } });
});

test("on the host's network a container's port is the host's port as well", () => {
  const { containers } = defaulted({
    hostNetwork: true,
    containers: [{ name: "a", image: "i:1", ports: [{ containerPort: 80 }] }],
  });
  assert.equal(containers[0]?.ports?.[0]?.hostPort, 80);
});

test("serviceAccount and serviceAccountName become the same, the newer name first", () => {
  const old = defaulted({ containers: [], serviceAccount: "old" });
  assert.equal(old.serviceAccountName, "old");
  const both = defaulted({ containers: [], serviceAccount: "old", serviceAccountName: "new" });
  assert.deepEqual([both.serviceAccount, both.serviceAccountName], ["new", "new"]);
});
