import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createRandom, createScope, createVirtualClock, silentLog } from "#base";
import { createCaches, type Client } from "#client";
import {
  hasReason,
  NAMESPACES,
  NODES,
  PERSISTENT_VOLUME_CLAIMS,
  PODS,
  PRIORITY_CLASSES,
  SERVICE_ACCOUNTS,
  STORAGE_CLASSES,
  StatusError,
  type Pod,
} from "#objects";
import { builtInKinds, createRegistry } from "#registry";
import { createMemoryStore } from "#store/memory";
import { authorizers, privilegedGroup, authenticators } from "#auth";
import { createApiServer, versionInfo } from "#apiserver";
import { admissionChain, builtInAdmission, type AdmissionPlugin } from "./index.ts";
import { defaultClass } from "./plugins/priority.ts";
import { defaultStorageClassOf } from "./plugins/storage.ts";

const ADMIN = { username: "admin", groups: ["system:masters"] };

/** An API server with every built-in plugin, the namespace and account `default`, on a virtual clock. */
async function cluster(): Promise<AsyncDisposable & { readonly client: Client }> {
  const clock = createVirtualClock();
  const random = createRandom(3);
  const scope = createScope("test");
  const store = createMemoryStore({ clock });
  const registry = await createRegistry({ definitions: builtInKinds(), store, clock, random, log: silentLog });
  const server = createApiServer({
    registry,
    clock,
    random,
    authenticator: authenticators(),
    authorizer: authorizers(privilegedGroup()),
    version: versionInfo({ knarr: "0.0.0", platform: "x", runtime: "test 1" }),
    admission: (client) =>
      builtInAdmission({
        client,
        caches: createCaches({ client, scope, clock, random, log: silentLog }),
        clock,
        random,
      }),
  });
  const running = clock.autoAdvance();
  const client = server.client(ADMIN);
  await client.create(NAMESPACES, { metadata: { name: "default" } });
  await client.create(SERVICE_ACCOUNTS, { metadata: { name: "default", namespace: "default" } });
  return {
    client,
    async [Symbol.asyncDispose]() {
      await scope.close();
      running.stop();
      await registry.close();
      await store.close();
    },
  };
}

const pod = (name: string, spec: object = {}, namespace = "default") => ({
  metadata: { name, namespace },
  spec: { containers: [{ name: "c", image: "nginx" }], ...spec },
});

const message = (expected: string) => (error: unknown) => {
  assert.ok(error instanceof StatusError, String(error));
  assert.equal(error.message, expected);
  return true;
};

describe("the chain", () => {
  it("asks in order and stops at the first refusal", async () => {
    const asked: string[] = [];
    const plugin = (name: string, refuses = false): AdmissionPlugin => ({
      name,
      handles: () => name !== "skipped",
      mutate() {
        asked.push(name);
        if (refuses) throw new Error(name);
      },
    });
    const chain = admissionChain([plugin("a"), plugin("skipped"), plugin("b", true), plugin("c")]);
    const attributes = {} as Parameters<AdmissionPlugin["handles"]>[0];
    await assert.rejects(chain.mutate({ apiVersion: "v1", kind: "X", metadata: {} }, undefined, attributes), /b/);
    assert.deepEqual(asked, ["a", "b"]);
  });
});

describe("NamespaceLifecycle", () => {
  it("lets nothing into a namespace that is not there or goes away", async () => {
    await using it = await cluster();
    const { client } = it;
    await assert.rejects(client.create(PODS, pod("p", {}, "nope")), message('namespaces "nope" not found'));
    await client.create(NAMESPACES, { metadata: { name: "going" } });
    await client.delete(NAMESPACES, { namespace: "", name: "going" });
    await assert.rejects(client.create(PODS, pod("p", {}, "going")), (error) => {
      assert.ok(hasReason(error, "Forbidden"));
      assert.equal(
        error.message,
        'pods "p" is forbidden: unable to create new content in namespace going because it is being terminated',
      );
      assert.deepEqual(error.status.details?.causes, [
        { reason: "NamespaceTerminating", message: "namespace going is being terminated", field: "metadata.namespace" },
      ]);
      return true;
    });
  });

  it("keeps the system's own namespaces", async () => {
    await using it = await cluster();
    await assert.rejects(
      it.client.delete(NAMESPACES, { namespace: "", name: "default" }),
      message('namespaces "default" is forbidden: this namespace may not be deleted'),
    );
  });
});

describe("pods", () => {
  it("get their account, its token, tolerations and a priority", async () => {
    await using it = await cluster();
    const { spec } = await it.client.create(PODS, pod("p"));
    assert.equal(spec?.serviceAccountName, "default");
    assert.equal(spec?.serviceAccount, "default");
    const volume = spec?.volumes?.[0];
    assert.match(volume?.name ?? "", /^kube-api-access-[a-z0-9]{5}$/);
    assert.deepEqual(spec?.containers[0]?.volumeMounts, [
      { name: volume?.name, readOnly: true, mountPath: "/var/run/secrets/kubernetes.io/serviceaccount" },
    ]);
    assert.deepEqual(
      spec?.tolerations?.map(({ key, tolerationSeconds }) => `${key}:${tolerationSeconds}`),
      ["node.kubernetes.io/not-ready:300", "node.kubernetes.io/unreachable:300"],
    );
    assert.equal(spec?.priority, 0);
    assert.equal(spec?.preemptionPolicy, "PreemptLowerPriority");
  });

  it("keep what they say themselves", async () => {
    await using it = await cluster();
    const { spec } = await it.client.create(
      PODS,
      pod("p", { automountServiceAccountToken: false, tolerations: [{ operator: "Exists" }] }),
    );
    assert.equal(spec?.volumes, undefined);
    assert.equal(spec?.tolerations?.length, 1);
  });

  it("of an account that is not there are refused", async () => {
    await using it = await cluster();
    await assert.rejects(
      it.client.create(PODS, pod("p", { serviceAccountName: "nope" })),
      message('pods "p" is forbidden: error looking up service account default/nope: serviceaccount "nope" not found'),
    );
  });

  it("wait a little for the default account of a new namespace", async () => {
    await using it = await cluster();
    await it.client.create(NAMESPACES, { metadata: { name: "new" } });
    const creating = it.client.create(PODS, pod("p", {}, "new"));
    await it.client.create(SERVICE_ACCOUNTS, { metadata: { name: "default", namespace: "new" } });
    assert.equal((await creating).metadata.name, "p");
    await it.client.create(NAMESPACES, { metadata: { name: "bare" } });
    await assert.rejects(it.client.create(PODS, pod("p", {}, "bare")), /serviceaccount "default" not found$/);
  });

  it("only use the secrets of their account where that is enforced", async () => {
    await using it = await cluster();
    const annotations = { "kubernetes.io/enforce-mountable-secrets": "true" };
    await it.client.create(SERVICE_ACCOUNTS, {
      metadata: { name: "strict", namespace: "default", annotations },
      secrets: [{ name: "mine" }],
    });
    const using = (secretName: string) =>
      pod(secretName, { serviceAccountName: "strict", volumes: [{ name: "v", secret: { secretName } }] });
    await it.client.create(PODS, using("mine"));
    await assert.rejects(
      it.client.create(PODS, using("other")),
      message(
        'pods "other" is forbidden: volume with secret.secretName="other" is not allowed because service account strict does not reference that secret',
      ),
    );
  });
});

describe("Priority", () => {
  it("is taken from the class", async () => {
    await using it = await cluster();
    const { client } = it;
    await client.create(PRIORITY_CLASSES, { metadata: { name: "high" }, value: 1000, preemptionPolicy: "Never" });
    const { spec } = await client.create(PODS, pod("p", { priorityClassName: "high" }));
    assert.equal(spec?.priority, 1000);
    assert.equal(spec?.preemptionPolicy, "Never");
    await assert.rejects(
      client.create(PODS, pod("q", { priorityClassName: "nope" })),
      message('pods "q" is forbidden: no PriorityClass with name nope was found'),
    );
    await assert.rejects(
      client.create(PODS, pod("q", { priority: 5 })),
      message(
        'pods "q" is forbidden: the integer value of priority (5) must not be provided in pod spec; priority admission controller computed 0 from the given PriorityClass name',
      ),
    );
  });

  it("has one default at most", async () => {
    await using it = await cluster();
    const { client } = it;
    await client.create(PRIORITY_CLASSES, { metadata: { name: "usual" }, value: 7, globalDefault: true });
    const until = async (done: (found: Pod) => boolean) => {
      // The default is looked up in a cache, which may be a moment behind.
      for (let i = 0; ; i++) {
        const found = await client.create(PODS, pod(`p${i}`));
        if (done(found)) return found;
      }
    };
    const { spec } = await until((found) => found.spec?.priority === 7);
    assert.equal(spec?.priorityClassName, "usual");
    await assert.rejects(
      client.create(PRIORITY_CLASSES, { metadata: { name: "second" }, value: 8, globalDefault: true }),
      message(
        'priorityclasses.scheduling.k8s.io "second" is forbidden: PriorityClass usual is already marked as default. Only one default can exist',
      ),
    );
    const classes = [
      { globalDefault: true, value: 3 },
      { globalDefault: true, value: 2 },
      { globalDefault: false, value: 1 },
    ].map((each, i) => ({ apiVersion: "", kind: "", metadata: { name: String(i) }, ...each }));
    assert.equal(defaultClass(classes)?.value, 2);
  });
});

describe("other kinds", () => {
  it("a new node is not ready", async () => {
    await using it = await cluster();
    const { spec } = await it.client.create(NODES, { metadata: { name: "n" } });
    assert.deepEqual(spec?.taints, [{ key: "node.kubernetes.io/not-ready", effect: "NoSchedule" }]);
  });

  it("a claim is protected and gets the default class", async () => {
    await using it = await cluster();
    const annotations = { "storageclass.kubernetes.io/is-default-class": "true" };
    await it.client.create(STORAGE_CLASSES, { metadata: { name: "std", annotations }, provisioner: "example.com/p" });
    const claim = (name: string, spec: object = {}) => ({
      metadata: { name, namespace: "default" },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } }, ...spec },
    });
    const made = await it.client.create(PERSISTENT_VOLUME_CLAIMS, claim("a"));
    assert.equal(made.spec?.storageClassName, "std");
    assert.deepEqual(made.metadata.finalizers, ["kubernetes.io/pvc-protection"]);
    const none = await it.client.create(PERSISTENT_VOLUME_CLAIMS, claim("b", { storageClassName: "" }));
    assert.equal(none.spec?.storageClassName, "");
  });

  it("of several default classes the newest counts", () => {
    const annotations = { "storageclass.kubernetes.io/is-default-class": "true" };
    const of = (name: string, creationTimestamp: string, marked = true) => ({
      apiVersion: "storage.k8s.io/v1",
      kind: "StorageClass",
      provisioner: "x",
      metadata: { name, creationTimestamp, ...(marked ? { annotations } : {}) },
    });
    const classes = [
      of("b", "2026-01-02T00:00:00Z"),
      of("a", "2026-01-02T00:00:00Z"),
      of("c", "2026-01-03T00:00:00Z", false),
    ];
    assert.equal(defaultStorageClassOf(classes)?.metadata.name, "a");
  });
});
