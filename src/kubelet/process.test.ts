import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Container, Service } from "#objects";
import { resolveProcess, type ProcessContext } from "./process.ts";
import type { Mount } from "./runtime.ts";
import { container, podOf } from "./testing/pods.ts";
import type { Volumes } from "./volumes.ts";

const nothing: ProcessContext = {
  podSources: () => assert.fail("nothing is looked up"),
  services: () => undefined,
  volumes: undefined,
  nodeIps: ["172.18.0.2"],
  podIps: ["10.244.0.2"],
  allocatable: () => ({}),
};
const API: Service = {
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "kubernetes", namespace: "default" },
  spec: { clusterIP: "10.96.0.1", ports: [{ port: 443 }] },
};
const ip = { name: "IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } };
const resolve = (shape: Partial<Container>, context: Partial<ProcessContext> = {}, spec = {}) => {
  const pod = podOf({ containers: [container("web", shape)], ...spec });
  return resolveProcess(pod, pod.spec!.containers[0]!, { ...nothing, ...context });
};

describe("a container's process", () => {
  test("takes no object when the container refers to none", async () => {
    const process = await resolve({ command: ["run"], env: [{ name: "A", value: "1" }] });
    assert.deepEqual(process, { command: ["run"], args: [], env: [{ name: "A", value: "1" }], mounts: [] });
  });

  test("takes each object once", async () => {
    const asked: string[] = [];
    const object = (name: string) => ({ apiVersion: "v1", kind: "", metadata: { name }, data: { k: "YQ==" } });
    const ask = (kind: string) => (name: string) => {
      asked.push(`${kind} ${name}`);
      return Promise.resolve(object(name));
    };
    const podSources = () => ({
      configMap: ask("configmap"),
      secret: ask("secret"),
      claim: () => assert.fail(),
      persistentVolume: () => assert.fail(),
      runtimeHandler: () => assert.fail(),
      trustBundles: () => assert.fail(),
      token: () => assert.fail(),
      onChange() {},
      close() {},
    });
    const configMapKeyRef = { name: "cm", key: "k" };
    const secretKeyRef = { name: "s", key: "k" };
    const { env } = await resolve(
      {
        envFrom: [{ prefix: "ALL_", configMapRef: { name: "cm" } }],
        env: [
          { name: "A", valueFrom: { configMapKeyRef } },
          { name: "B", valueFrom: { configMapKeyRef } },
          { name: "C", valueFrom: { secretKeyRef } },
          { name: "D", valueFrom: { secretKeyRef } },
        ],
      },
      { podSources },
    );
    assert.deepEqual(asked, ["configmap cm", "secret s"]);
    assert.deepEqual(
      env.map(({ name, value }) => `${name}=${value}`),
      ["ALL_k=YQ==", "A=YQ==", "B=YQ==", "C=a", "D=a"],
    );
  });

  test("is told the node's addresses on the node's network", async () => {
    const shape = { env: [ip] };
    assert.equal((await resolve(shape)).env[0]?.value, "10.244.0.2");
    assert.equal((await resolve(shape, { podIps: [] }, { hostNetwork: true })).env[0]?.value, "172.18.0.2");
  });

  test("has the variables of Services, and fails while these are not known yet", async () => {
    const { env } = await resolve({}, { services: () => [API] }, { enableServiceLinks: false });
    assert.deepEqual(env[0], { name: "KUBERNETES_SERVICE_HOST", value: "10.96.0.1" });
    const message = "services have not yet been read at least once, cannot construct envvars";
    const services = () => {
      throw new Error(message);
    };
    await assert.rejects(resolve({}, { services }), { reason: "CreateContainerConfigError", message });
  });

  test("has mounts that see the variables, and fails when a file of variables cannot be read", async () => {
    const mount: Mount = { containerPath: "/d", hostPath: "/x", readOnly: false, propagation: "None" };
    const volumes: Volumes = {
      mount: () => Promise.resolve(),
      update() {},
      mountsOf: (_pod, _container, env) => Promise.resolve([{ ...mount, hostPath: `/x/${env.get("IP")}` }]),
      readFile: () => Promise.reject(new Error("couldn't parse env file")),
      unmount: () => Promise.resolve(),
      close: () => Promise.resolve(),
    };
    const volumeMounts = [{ name: "d", mountPath: "/d" }];
    const { mounts } = await resolve({ env: [ip], volumeMounts }, { volumes });
    assert.deepEqual(mounts, [{ ...mount, hostPath: "/x/10.244.0.2" }]);
    const fileKeyRef = { volumeName: "d", path: "vars", key: "K" };
    await assert.rejects(resolve({ env: [{ name: "K", valueFrom: { fileKeyRef } }] }, { volumes }), {
      reason: "CreateContainerConfigError",
      message: "couldn't parse env file",
    });
  });
});
