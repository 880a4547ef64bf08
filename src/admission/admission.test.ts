import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Client } from "#client";
import {
  hasReason,
  NAMESPACES,
  NODES,
  PERSISTENT_VOLUME_CLAIMS,
  PODS,
  PRIORITY_CLASSES,
  SERVICE_ACCOUNTS,
  STORAGE_CLASSES,
  VOLUME_ATTRIBUTES_CLASSES,
  StatusError,
  type CertificateSigningRequest,
  type Pod,
  type ResourceType,
} from "#objects";
import { admissionChain, type AdmissionPlugin } from "./index.ts";
import { organizationsOf } from "./plugins/certificate-request.ts";
import { defaultClass } from "./plugins/priority.ts";
import { cluster, message, pod } from "./testing/cluster.ts";

const CERTIFICATE_SIGNING_REQUESTS: ResourceType<CertificateSigningRequest> = {
  group: "certificates.k8s.io",
  version: "v1",
  resource: "certificatesigningrequests",
  kind: "CertificateSigningRequest",
  namespaced: false,
};

/** Requests for the certificates of /O=system:masters/CN=alice and /O=developers/O=testers/CN=alice. */
const MASTERS = [
  "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIak1JR0xBZ0VBTUNreEZ6QVZCZ05WQkFvTURuTjVjM1JsYlRw",
  "dFlYTjBaWEp6TVE0d0RBWURWUVFEREFWaApiR2xqWlRCWk1CTUdCeXFHU000OUFnRUdDQ3FHU000OUF3RUhBMElBQkJRWWR5VkVr",
  "WnZGUGZDS1ljbThla2ZhCm9xdUFxOHhueXBxL3JUeC90a2wwSEY1NldiaTAraUVUemxtNld6UnVLblVHNVEzOFlZVlFYQTYrd3Ra",
  "WUprR2cKQURBS0JnZ3Foa2pPUFFRREFnTkhBREJFQWlBYStGN1FBYkdyMytYZ1h1cHZGUFI5SUowUy91dmVLMnlnSG85dAorc2F2",
  "ZFFJZ0dGNlQrMjd4ZmRVekd5VnhROGdvSTdndWhIdlRlL2g0U0NXdDQyY0JDNWc9Ci0tLS0tRU5EIENFUlRJRklDQVRFIFJFUVVF",
  "U1QtLS0tLQo=",
].join("");
const DEVELOPERS = [
  "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIek1JR1pBZ0VBTURjeEV6QVJCZ05WQkFvTUNtUmxkbVZzYjNC",
  "bGNuTXhFREFPQmdOVkJBb01CM1JsYzNSbApjbk14RGpBTUJnTlZCQU1NQldGc2FXTmxNRmt3RXdZSEtvWkl6ajBDQVFZSUtvWkl6",
  "ajBEQVFjRFFnQUVGQmgzCkpVU1JtOFU5OElwaHlieDZSOXFpcTRDcnpHZkttcit0UEgrMlNYUWNYbnBadUxUNklSUE9XYnBiTkc0",
  "cWRRYmwKRGZ4aGhWQmNEcjdDMWxnbVFhQUFNQW9HQ0NxR1NNNDlCQU1DQTBrQU1FWUNJUUNXMThHYUZZYkk0dEJndjhCUQo3WVNZ",
  "aGlvb1IwSk5DbkJnamJvTDdpR1hsQUloQUxZM3grMWtsNXFQbGFLSWVSV0xIN0tQano2RmwxNlh5SkgyCnh0VytYekh5Ci0tLS0t",
  "RU5EIENFUlRJRklDQVRFIFJFUVVFU1QtLS0tLQo=",
].join("");

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
    await using world = await cluster();
    const { client } = world;
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
    await using world = await cluster();
    await assert.rejects(
      world.client.delete(NAMESPACES, { namespace: "", name: "default" }),
      message('namespaces "default" is forbidden: this namespace may not be deleted'),
    );
  });
});

describe("pods", () => {
  it("get their account, its token, default tolerations and a priority", async () => {
    await using world = await cluster();
    const { spec } = await world.client.create(PODS, pod("p"));
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
    await using world = await cluster();
    const { spec } = await world.client.create(
      PODS,
      pod("p", { automountServiceAccountToken: false, tolerations: [{ operator: "Exists" }] }),
    );
    assert.equal(spec?.volumes, undefined);
    assert.equal(spec?.tolerations?.length, 1);
  });

  it("of an account that is not there are refused", async () => {
    await using world = await cluster();
    await assert.rejects(
      world.client.create(PODS, pod("p", { serviceAccountName: "nope" })),
      message('pods "p" is forbidden: error looking up service account default/nope: serviceaccount "nope" not found'),
    );
  });

  it("wait a little for the default account of a new namespace", async () => {
    await using world = await cluster();
    await world.client.create(NAMESPACES, { metadata: { name: "new" } });
    const creating = world.client.create(PODS, pod("p", {}, "new"));
    await world.client.create(SERVICE_ACCOUNTS, { metadata: { name: "default", namespace: "new" } });
    assert.equal((await creating).metadata.name, "p");
    await world.client.create(NAMESPACES, { metadata: { name: "bare" } });
    await assert.rejects(world.client.create(PODS, pod("p", {}, "bare")), /serviceaccount "default" not found$/);
  });

  it("only use the secrets of their account where that is enforced", async () => {
    await using world = await cluster();
    const annotations = { "kubernetes.io/enforce-mountable-secrets": "true" };
    await world.client.create(SERVICE_ACCOUNTS, {
      metadata: { name: "strict", namespace: "default", annotations },
      secrets: [{ name: "mine" }],
    });
    const using = (secretName: string) =>
      pod(secretName, { serviceAccountName: "strict", volumes: [{ name: "v", secret: { secretName } }] });
    await world.client.create(PODS, using("mine"));
    await assert.rejects(
      world.client.create(PODS, using("other")),
      message(
        'pods "other" is forbidden: volume with secret.secretName="other" is not allowed because service account strict does not reference that secret',
      ),
    );
  });
});

describe("Priority", () => {
  it("is taken from the class", async () => {
    await using world = await cluster();
    const { client } = world;
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
    await using world = await cluster();
    const { client } = world;
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
  it("a new node is tainted as not ready", async () => {
    await using world = await cluster();
    const { spec } = await world.client.create(NODES, { metadata: { name: "n" } });
    assert.deepEqual(spec?.taints, [{ key: "node.kubernetes.io/not-ready", effect: "NoSchedule" }]);
  });

  it("a claim gets the protecting finalizer and the default class", async () => {
    await using world = await cluster();
    const annotations = { "storageclass.kubernetes.io/is-default-class": "true" };
    await world.client.create(STORAGE_CLASSES, {
      metadata: { name: "std", annotations },
      provisioner: "example.com/p",
    });
    const claim = (name: string, spec: object = {}) => ({
      metadata: { name, namespace: "default" },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } }, ...spec },
    });
    const made = await world.client.create(PERSISTENT_VOLUME_CLAIMS, claim("a"));
    assert.equal(made.spec?.storageClassName, "std");
    assert.deepEqual(made.metadata.finalizers, ["kubernetes.io/pvc-protection"]);
    const none = await world.client.create(PERSISTENT_VOLUME_CLAIMS, claim("b", { storageClassName: "" }));
    assert.equal(none.spec?.storageClassName, "");
  });

  it("a bound claim grows only where its class lets it", async () => {
    await using world = await cluster();
    const { client } = world;
    for (const [name, allowVolumeExpansion] of [
      ["grows", true],
      ["stays", false],
    ] as const) {
      await client.create(STORAGE_CLASSES, { metadata: { name }, provisioner: "example.com/p", allowVolumeExpansion });
    }
    const boundClaim = async (name: string, storageClassName: string) => {
      const key = { namespace: "default", name };
      const claim = await client.create(PERSISTENT_VOLUME_CLAIMS, {
        metadata: key,
        spec: {
          accessModes: ["ReadWriteOnce"],
          resources: { requests: { storage: "1Gi" } },
          storageClassName,
          volumeName: `v-${name}`,
        },
      });
      const status = { phase: "Bound", capacity: { storage: "1Gi" } };
      await client.update(PERSISTENT_VOLUME_CLAIMS, { ...claim, status }, { subresource: "status" });
      return key;
    };
    const grow = (key: { namespace: string; name: string }) =>
      client.patch(PERSISTENT_VOLUME_CLAIMS, key, {
        type: "merge",
        body: { spec: { resources: { requests: { storage: "2Gi" } } } },
      });
    const grown = await grow(await boundClaim("a", "grows"));
    assert.equal(grown.spec?.resources?.requests?.["storage"], "2Gi");
    for (const [name, storageClassName] of [
      ["b", "stays"],
      ["c", "absent"],
      ["d", ""],
    ] as const) {
      await assert.rejects(
        grow(await boundClaim(name, storageClassName)),
        message(
          `persistentvolumeclaims "${name}" is forbidden: only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize`,
        ),
      );
    }
  });

  it("a class of volume attributes gets the protecting finalizer", async () => {
    await using it = await cluster();
    const { metadata } = await it.client.create(VOLUME_ATTRIBUTES_CLASSES, {
      metadata: { name: "gold" },
      driverName: "csi.example.com",
      parameters: { iops: "4000" },
    });
    assert.deepEqual(metadata.finalizers, ["kubernetes.io/vac-protection"]);
  });
});

describe("PodTopologyLabels", () => {
  const ZONE = { "topology.kubernetes.io/zone": "z1", "topology.kubernetes.io/region": "r1" };
  const node = async (client: Client) =>
    client.create(NODES, { metadata: { name: "n1", labels: { ...ZONE, "kubernetes.io/hostname": "n1" } } });

  it("a pod gets the zone and region of its node when it is bound", async () => {
    await using world = await cluster();
    await node(world.client);
    await world.client.create(PODS, {
      ...pod("p"),
      metadata: { name: "p", namespace: "default", labels: { app: "a" } },
    });
    const key = { namespace: "default", name: "p" };
    const target = { apiVersion: "v1", kind: "Node", name: "n1" };
    await world.client.createSubresource(PODS, key, "binding", {
      apiVersion: "v1",
      kind: "Binding",
      metadata: { name: "p", namespace: "default" },
      target,
    });
    assert.deepEqual((await world.client.get(PODS, key)).metadata.labels, { app: "a", ...ZONE });
  });

  it("a pod that is created with a node gets its labels, whatever it says itself; an absent node is no error", async () => {
    await using world = await cluster();
    await node(world.client);
    const labels = { "topology.kubernetes.io/zone": "mine" };
    const made = await world.client.create(PODS, {
      ...pod("p", { nodeName: "n1" }),
      metadata: { name: "p", namespace: "default", labels },
    });
    assert.deepEqual(made.metadata.labels, ZONE);
    assert.equal((await world.client.create(PODS, pod("q", { nodeName: "none" }))).metadata.labels, undefined);
  });
});

describe("PodResizeValidator", () => {
  const resources = { requests: { cpu: "1", memory: "1Gi" } };
  const resize = (client: Client, requests: object) =>
    client.patch(
      PODS,
      { namespace: "default", name: "p" },
      { type: "strategic", body: { spec: { containers: [{ name: "c", resources: { requests } }] } } },
      { subresource: "resize" },
    );
  /** A pod on a node of 8 CPUs and 16 GiB, or on none. */
  async function bound(client: Client, spec: object, os = "linux") {
    await client.create(NODES, { metadata: { name: "n1", labels: { "kubernetes.io/os": os } } });
    const body = { status: { allocatable: { cpu: "8", memory: "16Gi" } } };
    await client.patch(NODES, { namespace: "", name: "n1" }, { type: "merge", body }, { subresource: "status" });
    await client.create(PODS, pod("p", { containers: [{ name: "c", image: "nginx", resources }], ...spec }));
  }
  const refusal = async (promise: Promise<unknown>) => {
    const error: unknown = await promise.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof StatusError, String(error));
    return [error.code, error.message, error.status.details?.causes];
  };

  it("refuses what the node does not have", async () => {
    await using world = await cluster();
    await bound(world.client, { nodeName: "n1" });
    assert.deepEqual(await refusal(resize(world.client, { cpu: "100", memory: "1Ti" })), [
      403,
      'pods "p" is forbidden: Node didn\'t have enough allocatable resources: cpu, requested: 100000, allocatable: 8000; memory, requested: 1099511627776, allocatable: 17179869184',
      [{ reason: "NodeCapacity" }],
    ]);
  });

  it("refuses what the node has, as long as it resizes no running containers, and says so", async () => {
    await using world = await cluster();
    await bound(world.client, { nodeName: "n1" });
    assert.deepEqual(await refusal(resize(world.client, { cpu: "2" })), [
      403,
      'pods "p" is forbidden: pod resize is only supported before a pod is bound to a node, node "n1" cannot resize running containers yet',
      [{ reason: "UnsupportedPlatform" }],
    ]);
    const { spec, metadata } = await world.client.get(PODS, { namespace: "default", name: "p" });
    assert.deepEqual([spec?.containers[0]?.resources, metadata.generation], [resources, 1]);
    // Nothing is asked for, nothing is refused.
    await resize(world.client, { cpu: "1" });
  });

  it("refuses on other systems and on nodes that are not there in upstream's words", async () => {
    await using world = await cluster();
    await bound(world.client, { nodeName: "n1" }, "windows");
    assert.deepEqual(
      (await refusal(resize(world.client, { cpu: "2" })))[1],
      'pods "p" is forbidden: pod resize is only supported on linux nodes, node "n1" is "windows"',
    );
    await world.client.delete(NODES, { namespace: "", name: "n1" });
    assert.deepEqual(
      (await refusal(resize(world.client, { cpu: "2" })))[1],
      'pods "p" is forbidden: node "n1" not found',
    );
  });

  it("lets a pod that is not bound yet ask for something else", async () => {
    await using world = await cluster();
    await bound(world.client, {});
    const resized = await resize(world.client, { cpu: "2" });
    assert.deepEqual(resized.spec?.containers[0]?.resources?.requests, { cpu: "2", memory: "1Gi" });
  });
});

describe("CertificateSubjectRestriction", () => {
  const request = (name: string, body: string, signerName = "kubernetes.io/kube-apiserver-client") => ({
    metadata: { name },
    spec: { request: body, signerName, usages: ["client auth"] },
  });

  it("refuses a request for the administrators' group, from the signer that could make one", async () => {
    await using world = await cluster();
    await assert.rejects(
      world.client.create(CERTIFICATE_SIGNING_REQUESTS, request("a", MASTERS)),
      message(
        'certificatesigningrequests.certificates.k8s.io "a" is forbidden: use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed',
      ),
    );
    await world.client.create(CERTIFICATE_SIGNING_REQUESTS, request("b", MASTERS, "example.com/other"));
    await world.client.create(CERTIFICATE_SIGNING_REQUESTS, request("c", DEVELOPERS));
  });

  it("refuses a request that cannot be read", async () => {
    await using world = await cluster();
    const broken = btoa("-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n");
    await assert.rejects(
      world.client.create(CERTIFICATE_SIGNING_REQUESTS, request("a", broken)),
      /is forbidden: failed to parse CSR: asn1: syntax error: data truncated/,
    );
  });

  it("reads the organizations of any request, and never fails", () => {
    assert.deepEqual(organizationsOf(MASTERS), ["system:masters"]);
    assert.deepEqual(organizationsOf(DEVELOPERS), ["developers", "testers"]);
    assert.equal(organizationsOf("%"), "the request is not base64");
    const der = Uint8Array.from(atob(/-{5}\n([^-]+)-/.exec(atob(DEVELOPERS))![1]!.replaceAll("\n", "")), (character) =>
      character.charCodeAt(0),
    );
    fc.assert(
      fc.property(fc.nat(der.length - 1), fc.nat(255), fc.nat(der.length), (at, byte, length) => {
        const changed = der.slice(0, length);
        if (at < length) changed[at] = byte;
        const pem = `-----BEGIN CERTIFICATE REQUEST-----\n${btoa(String.fromCharCode(...changed))}\n-----END CERTIFICATE REQUEST-----\n`;
        const found = organizationsOf(btoa(pem));
        assert.ok(typeof found === "string" || Array.isArray(found));
      }),
    );
  });
});
