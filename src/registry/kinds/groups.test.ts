/** Kinds outside the core group: what becomes of an object, what is wrong with it, what is shown. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { KubeObject } from "#objects";
import type { ResourceDefinition } from "../definition.ts";
import { BUILT_IN_KINDS } from "./index.ts";
import { body, cells, CONTEXT, created, wrong, wrongChange } from "./testing/try-kind.ts";

function kind(name: string): ResourceDefinition {
  const found = BUILT_IN_KINDS.find((definition) => definition.kind === name);
  assert.ok(found, name);
  return found;
}

const spec = (definition: ResourceDefinition, value: object) => body(definition, { spec: value })["spec"];
const names = (definition: ResourceDefinition, name: string) => definition.nameErrors?.(name, false) ?? [];

describe("coordination and scheduling", () => {
  test("Lease", () => {
    assert.deepEqual(
      wrong(kind("Lease"), { spec: { leaseDurationSeconds: 0, leaseTransitions: -1, preferredHolder: "a" } }),
      [
        "spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0",
        "spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0",
        "spec.preferredHolder: Forbidden: may only be specified if `strategy` is defined",
      ],
    );
    assert.deepEqual(cells(kind("Lease"), { spec: { holderIdentity: "me" } }), { Holder: "me" });
  });

  test("LeaseCandidate", () => {
    const candidate = {
      leaseName: "l",
      binaryVersion: "1.35.0",
      emulationVersion: "1.36.0",
      strategy: "OldestEmulationVersion",
    };
    assert.deepEqual(wrong(kind("LeaseCandidate"), { spec: candidate }), [
      'spec.binaryVersion: Invalid value: "1.35.0": must be greater than or equal to `emulationVersion`',
    ]);
  });

  test("PriorityClass", () => {
    const classes = kind("PriorityClass");
    assert.equal(body(classes, { value: 5 })["preemptionPolicy"], "PreemptLowerPriority");
    assert.deepEqual(wrong(classes, { value: 1_000_000_001 }), [
      "value: Forbidden: maximum allowed value of a user defined priority is 1000000000",
    ]);
    assert.deepEqual(wrong(classes, { metadata: { name: "system-mine" }, value: 1 }), [
      "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: system-mine is not a known system priority class",
    ]);
    assert.deepEqual(wrong(classes, { metadata: { name: "system-node-critical" }, value: 2_000_001_000 }), []);
    assert.deepEqual(wrongChange(classes, { value: 1 }, { value: 2, preemptionPolicy: "Never" }), [
      "value: Forbidden: may not be changed in an update.",
      'preemptionPolicy: Invalid value: "Never": field is immutable',
    ]);
  });
});

describe("networking.k8s.io", () => {
  const backend = { service: { name: "web", port: { number: 80 } } };

  test("Ingress", () => {
    const ingresses = kind("Ingress");
    const paths = [
      { path: "a", pathType: "Prefix", backend },
      { path: "/a//b", pathType: "Exact", backend: {} },
      { backend },
    ];
    assert.deepEqual(wrong(ingresses, { spec: { rules: [{ host: "*.x", http: { paths } }, { host: "1.2.3.4" }] } }), [
      'spec.rules[0].http.paths[0].path: Invalid value: "a": must be an absolute path',
      "spec.rules[0].http.paths[1].path: Invalid value: \"/a//b\": must not contain '//'",
      'spec.rules[0].http.paths[1].backend: Invalid value: "": resource or service backend is required',
      "spec.rules[0].http.paths[2].pathType: Required value: pathType must be specified",
      'spec.rules[1].host: Invalid value: "1.2.3.4": must be a DNS name, not an IP address',
    ]);
    assert.deepEqual(wrong(ingresses, { spec: {} }), [
      "spec: Invalid value: null: either `defaultBackend` or `rules` must be specified",
    ]);
    const rules = ["a", "b", "c", "d"].map((host) => ({ host }));
    const ingress = [{ ip: "10.10.10.10" }, { ip: "10.10.10.11" }];
    assert.deepEqual(cells(ingresses, { spec: { rules, tls: [{}] }, status: { loadBalancer: { ingress } } }), {
      Class: "<none>",
      Hosts: "a,b,c + 1 more...",
      Address: "10.10.10.10,1...",
      Ports: "80, 443",
    });
  });

  test("IngressClass", () => {
    const classes = kind("IngressClass");
    assert.deepEqual(spec(classes, { controller: "a.b/c", parameters: { kind: "K", name: "n" } }), {
      controller: "a.b/c",
      parameters: { kind: "K", name: "n", scope: "Cluster" },
    });
    assert.deepEqual(wrong(classes, { spec: { controller: "c" } }), [
      'spec.controller: Invalid value: "c": must be a domain-prefixed path (such as "acme.io/foo")',
    ]);
    assert.deepEqual(wrongChange(classes, { spec: { controller: "a/b" } }, { spec: { controller: "a/c" } }), [
      'spec.controller: Invalid value: "a/c": field is immutable',
    ]);
  });

  test("NetworkPolicy", () => {
    const policies = kind("NetworkPolicy");
    assert.deepEqual(spec(policies, { egress: [{ ports: [{ port: 53 }] }] }), {
      podSelector: {},
      egress: [{ ports: [{ port: 53, protocol: "TCP" }] }],
      policyTypes: ["Ingress", "Egress"],
    });
    const from = [{}, { ipBlock: { cidr: "10.0.0.0/8", except: ["11.0.0.0/8"] }, podSelector: {} }];
    assert.deepEqual(wrong(policies, { spec: { ingress: [{ from, ports: [{ port: "web", endPort: 90 }] }] } }), [
      "spec.ingress[0].ports[0].endPort: Invalid value: 90: may not be specified when `port` is non-numeric",
      "spec.ingress[0].from[0]: Required value: must specify a peer",
      'spec.ingress[0].from[1].ipBlock.except[0]: Invalid value: "11.0.0.0/8": must be a strict subset of `cidr`',
      "spec.ingress[0].from[1]: Forbidden: may not specify both ipBlock and another peer",
    ]);
    assert.deepEqual(cells(policies, { spec: {} }), { "Pod-Selector": "<none>" });
  });

  test("IPAddress and ServiceCIDR", () => {
    assert.deepEqual(names(kind("IPAddress"), "10.0.0.1"), []);
    assert.deepEqual(names(kind("IPAddress"), "fd00::0:1"), ['must be in canonical form ("fd00::1")']);
    const parentRef = { resource: "services", namespace: "default", name: "kubernetes" };
    assert.deepEqual(cells(kind("IPAddress"), { spec: { parentRef } }), { ParentRef: "services/default/kubernetes" });
    const cidrs = (...list: string[]) => ({ spec: { cidrs: list } });
    assert.deepEqual(wrong(kind("ServiceCIDR"), cidrs("10.0.0.0/8", "11.0.0.0/8")), [
      'spec.cidrs: Invalid value: ["10.0.0.0/8","11.0.0.0/8"]: may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64',
    ]);
    assert.deepEqual(wrongChange(kind("ServiceCIDR"), cidrs("10.0.0.0/8"), cidrs("10.0.0.0/8", "fd00::/64")), []);
    assert.deepEqual(wrongChange(kind("ServiceCIDR"), cidrs("10.0.0.0/8"), cidrs("11.0.0.0/8")), [
      'spec.cidrs[0]: Invalid value: "11.0.0.0/8": field is immutable',
    ]);
  });
});

test("EndpointSlice", () => {
  const slices = kind("EndpointSlice");
  assert.deepEqual(body(slices, { addressType: "IPv4", ports: [{ port: 80 }] })["ports"], [
    { port: 80, name: "", protocol: "TCP" },
  ]);
  const endpoints = [{ addresses: ["fd00::1"] }, { addresses: [] }];
  assert.deepEqual(wrong(slices, { addressType: "IPv4", endpoints }), [
    'endpoints[0].addresses[0]: Invalid value: "fd00::1": must be an IPv4 address',
    "endpoints[1].addresses: Required value: must contain at least 1 address",
  ]);
  assert.deepEqual(cells(slices, { addressType: "IPv4", endpoints: [{ addresses: ["10.0.0.1"] }] }), {
    AddressType: "IPv4",
    Ports: "<unset>",
    Endpoints: "10.0.0.1",
  });
});

describe("rbac.authorization.k8s.io", () => {
  const roleRef = { kind: "Role", name: "r" };

  test("names are segments of a path", () => {
    assert.deepEqual(names(kind("Role"), "system:a:b"), []);
    assert.deepEqual(names(kind("Role"), "a/b"), ["may not contain '/'"]);
  });

  test("rules", () => {
    const rules = [
      { verbs: [], nonResourceURLs: ["/healthz"] },
      { verbs: ["get"], resources: ["pods"] },
    ];
    assert.deepEqual(wrong(kind("Role"), { rules }), [
      "rules[0].verbs: Required value: verbs must contain at least one value",
      'rules[0].nonResourceURLs: Invalid value: ["/healthz"]: namespaced rules cannot apply to non-resource URLs',
      "rules[1].apiGroups: Required value: resource rules must supply at least one api group",
    ]);
  });

  test("bindings", () => {
    const bindings = kind("RoleBinding");
    const subjects = [
      { kind: "User", name: "u" },
      { kind: "ServiceAccount", name: "s", namespace: "n" },
    ];
    assert.deepEqual(body(bindings, { roleRef, subjects }), {
      roleRef: { ...roleRef, apiGroup: "rbac.authorization.k8s.io" },
      subjects: [{ kind: "User", name: "u", apiGroup: "rbac.authorization.k8s.io" }, subjects[1]],
    });
    assert.deepEqual(wrong(kind("ClusterRoleBinding"), { roleRef, subjects: [{ kind: "Robot" }] }), [
      'roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"',
      "subjects[0].name: Required value",
      'subjects[0].kind: Unsupported value: "Robot": supported values: "Group", "ServiceAccount", "User"',
    ]);
    assert.deepEqual(wrongChange(bindings, { roleRef }, { roleRef: { ...roleRef, name: "s" } }), [
      'roleRef: Invalid value: {"APIGroup":"rbac.authorization.k8s.io","Kind":"Role","Name":"s"}: cannot change roleRef',
    ]);
    assert.deepEqual(cells(bindings, { roleRef, subjects }), {
      Role: "Role/r",
      Users: "u",
      Groups: "",
      ServiceAccounts: "n/s",
    });
  });
});

describe("storage.k8s.io", () => {
  test("StorageClass", () => {
    const classes = kind("StorageClass");
    const fast = { provisioner: "a.b/c", parameters: { type: "ssd" } };
    assert.deepEqual(body(classes, fast), { ...fast, reclaimPolicy: "Delete", volumeBindingMode: "Immediate" });
    assert.deepEqual(
      wrongChange(classes, fast, { provisioner: "x", parameters: {}, volumeBindingMode: "WaitForFirstConsumer" }),
      [
        "parameters: Forbidden: updates to parameters are forbidden.",
        "provisioner: Forbidden: updates to provisioner are forbidden.",
        'volumeBindingMode: Invalid value: "WaitForFirstConsumer": field is immutable',
      ],
    );
    const annotations = { "storageclass.kubernetes.io/is-default-class": "true" };
    assert.deepEqual(cells(classes, { ...fast, metadata: { annotations } }), {
      Name: "test (default)",
      Provisioner: "a.b/c",
      ReclaimPolicy: "Delete",
      VolumeBindingMode: "Immediate",
      AllowVolumeExpansion: false,
    });
  });

  test("CSIDriver", () => {
    assert.deepEqual(spec(kind("CSIDriver"), {}), {
      attachRequired: true,
      podInfoOnMount: false,
      storageCapacity: false,
      fsGroupPolicy: "ReadWriteOnceWithFSType",
      requiresRepublish: false,
      seLinuxMount: false,
      volumeLifecycleModes: ["Persistent"],
    });
  });

  test("VolumeAttachment", () => {
    assert.deepEqual(wrong(kind("VolumeAttachment"), { spec: { attacher: "a.b", nodeName: "n", source: {} } }), [
      "spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName",
    ]);
  });
});

describe("certificates.k8s.io", () => {
  const requests = kind("CertificateSigningRequest");
  const request = btoa("-----BEGIN CERTIFICATE REQUEST-----\nAA==\n-----END CERTIFICATE REQUEST-----\n");
  const csr = { spec: { request, signerName: "example.com/s", usages: ["client auth"], username: "mallory" } };

  test("who asks is who the server sees", () => {
    assert.deepEqual(spec(requests, csr.spec), { ...csr.spec, username: "alice", groups: ["system:authenticated"] });
  });

  test("what is asked", () => {
    assert.deepEqual(wrong(requests, { spec: { request: "", signerName: "s", usages: ["x"], expirationSeconds: 1 } }), [
      'spec.request: Invalid value: "": PEM block type must be CERTIFICATE REQUEST',
      'spec.usages[0]: Unsupported value: "x": supported values: "any", "cert sign", "client auth", "code signing", "content commitment", "crl sign", "data encipherment", "decipher only", "digital signature", "email protection", "encipher only", "ipsec end system", "ipsec tunnel", "ipsec user", "key agreement", "key encipherment", "microsoft sgc", "netscape sgc", "ocsp signing", "s/mime", "server auth", "signing", "timestamping"',
      "spec.signerName: Invalid value: \"s\": must be a fully qualified domain and path of the form 'example.com/signer-name'",
      "spec.expirationSeconds: Invalid value: 1: may not specify a duration less than 600 seconds (10 minutes)",
    ]);
  });

  test("approval decides, status does not", () => {
    const old = created(requests, csr);
    const conditions = [{ type: "Approved", status: "True" }];
    const decided = { ...old, status: { conditions: structuredClone(conditions) } };
    const errors = requests.validateStatusUpdate?.(decided, old, CONTEXT) ?? [];
    assert.deepEqual(
      errors.map(({ message }) => message),
      ['Forbidden: updates may not add a condition of type "Approved"'],
    );
    const approval = requests.subresources?.["approval"];
    assert.equal(approval?.type, "update");
    if (approval?.type !== "update") return;
    approval.prepareForUpdate(decided as never, old, CONTEXT);
    assert.deepEqual(approval.validateUpdate?.(decided, old, CONTEXT), []);
    const time = "2026-01-01T12:00:00Z";
    assert.deepEqual(decided.status.conditions, [{ ...conditions[0], lastUpdateTime: time, lastTransitionTime: time }]);
    assert.deepEqual(cells(requests, decided), {
      SignerName: "example.com/s",
      Requestor: "alice",
      RequestedDuration: "<none>",
      Condition: "Approved",
    });
  });
});

describe("apiextensions.k8s.io and apiregistration.k8s.io", () => {
  const crds = kind("CustomResourceDefinition");
  const version = {
    name: "v1",
    served: true,
    storage: true,
    schema: { openAPIV3Schema: { type: "object", properties: { spec: { type: "object" } } } },
  };
  const crd = (more: object = {}) => ({
    metadata: { name: "widgets.example.com" },
    spec: {
      group: "example.com",
      scope: "Namespaced",
      names: { plural: "widgets", kind: "Widget" },
      versions: [version],
      ...more,
    },
  });

  test("names and conversion follow from the kind", () => {
    const { spec: made, status } = body(crds, crd()) as { spec: Record<string, unknown>; status: unknown };
    assert.deepEqual(made["names"], { plural: "widgets", kind: "Widget", singular: "widget", listKind: "WidgetList" });
    assert.deepEqual(made["conversion"], { strategy: "None" });
    assert.deepEqual(status, { storedVersions: ["v1"] });
    assert.deepEqual(wrong(crds, crd()), []);
  });

  test("what is wrong", () => {
    const bare = { name: "v2", served: true, storage: true };
    const loose = { ...version, name: "v3", storage: false, schema: { openAPIV3Schema: { properties: { a: {} } } } };
    const errors = wrong(crds, crd({ group: "example", scope: "Galaxy", versions: [bare, loose] }));
    assert.deepEqual(errors, [
      'metadata.name: Invalid value: "widgets.example.com": must be spec.names.plural+"."+spec.group',
      'spec.group: Invalid value: "example": should be a domain with at least one dot',
      'spec.scope: Unsupported value: "Galaxy": supported values: "Cluster", "Namespaced"',
      "spec.versions[0].schema.openAPIV3Schema: Required value: schemas are required",
      "spec.versions[1].schema.openAPIV3Schema.type: Required value: must not be empty at the root",
      "spec.versions[1].schema.openAPIV3Schema.properties[a].type: Required value: must not be empty for specified object fields",
    ]);
  });

  test("the group and plural stay", () => {
    const names = { plural: "gadgets", kind: "Widget" };
    assert.deepEqual(wrongChange(crds, crd(), crd({ group: "b.c", names })), [
      'spec.group: Invalid value: "b.c": field is immutable',
      'spec.names.plural: Invalid value: "gadgets": field is immutable',
    ]);
  });

  test("a local APIService is available at once", () => {
    const services = kind("APIService");
    const local = {
      metadata: { name: "v1.example.com" },
      spec: { group: "example.com", version: "v1", groupPriorityMinimum: 1000, versionPriority: 15 },
    };
    assert.deepEqual(wrong(services, local), []);
    assert.deepEqual(cells(services, created(services, local)), { Service: "Local", Available: "True" });
    const remote = { ...local, spec: { ...local.spec, service: { namespace: "n", name: "s" } } };
    assert.deepEqual(cells(services, created(services, remote)), { Service: "n/s", Available: "Unknown" });
  });
});

test("webhooks", () => {
  const webhooks = kind("ValidatingWebhookConfiguration");
  const good = {
    name: "a.example.com",
    sideEffects: "None",
    admissionReviewVersions: ["v1"],
    clientConfig: { service: { namespace: "n", name: "s" } },
    rules: [{ operations: ["CREATE"], apiGroups: [""], apiVersions: ["v1"], resources: ["pods"] }],
  };
  const { webhooks: made } = body(webhooks, { webhooks: [good] }) as { webhooks: object[] };
  assert.deepEqual(made, [
    {
      ...good,
      clientConfig: { service: { namespace: "n", name: "s", port: 443 } },
      rules: [{ ...good.rules[0], scope: "*" }],
      failurePolicy: "Fail",
      matchPolicy: "Equivalent",
      namespaceSelector: {},
      objectSelector: {},
      timeoutSeconds: 10,
    },
  ]);
  assert.deepEqual(
    wrong(webhooks, { webhooks: [good, { ...good, name: "b", clientConfig: {}, timeoutSeconds: 60 }] }),
    [
      'webhooks[1].name: Invalid value: "b": should be a domain with at least three segments separated by dots',
      "webhooks[1].timeoutSeconds: Invalid value: 60: the timeout value must be between 1 and 30 seconds",
      "webhooks[1].clientConfig: Required value: exactly one of url or service is required",
    ],
  );
});

test("flow control", () => {
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

describe("resource.k8s.io in its first beta", () => {
  const convert = (name: string, object: object) => {
    const version = kind(name).versions.find(({ version: each }) => each === "v1beta1");
    const full = { apiVersion: "", kind: "", metadata: {}, ...object };
    const stored = version?.toStorage?.(full);
    assert.deepEqual(version?.fromStorage?.(stored!), full);
    return (stored as unknown as { spec: unknown }).spec;
  };

  test("a claim's request names its class beside itself", () => {
    const requests = [
      { name: "a", deviceClassName: "c", count: 2 },
      { name: "b", firstAvailable: [{ name: "x" }] },
    ];
    assert.deepEqual(convert("ResourceClaim", { spec: { devices: { requests } } }), {
      devices: {
        requests: [
          { name: "a", exactly: { deviceClassName: "c", count: 2 } },
          { name: "b", firstAvailable: [{ name: "x" }] },
        ],
      },
    });
  });

  test("a slice's device is basic", () => {
    const devices = [{ name: "d", basic: { attributes: { a: { int: 1 } } } }];
    assert.deepEqual(convert("ResourceSlice", { spec: { devices } }), {
      devices: [{ name: "d", attributes: { a: { int: 1 } } }],
    });
  });
});

test("a token is issued only where there are keys", async () => {
  const accounts = kind("ServiceAccount");
  const token = accounts.subresources?.["token"];
  assert.equal(token?.type, "create");
  if (token?.type !== "create") return;
  const request = {
    key: { namespace: "default", name: "test" },
    body: { apiVersion: "", kind: "", metadata: {} },
    context: CONTEXT,
    parent: () => Promise.resolve(created(accounts, {}) as KubeObject),
  };
  await assert.rejects(token.handle(request), { message: /no service account signing key/ });
});

test("component statuses are told, not stored", () => {
  const statuses = kind("ComponentStatus");
  const all = statuses.computedObjects?.(CONTEXT.registry) ?? [];
  assert.deepEqual(
    all.map(({ metadata }) => metadata.name),
    ["controller-manager", "etcd-0", "scheduler"],
  );
  assert.deepEqual(cells(statuses, all[0]!), { Status: "Healthy", Message: "ok", Error: "" });
});
