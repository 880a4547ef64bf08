import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { configMaps } from "./config-map.ts";
import { endpoints } from "./endpoints.ts";
import { events } from "./event.ts";
import { limitRanges } from "./limit-range.ts";
import { namespaces } from "./namespace.ts";
import { nodes } from "./node.ts";
import { persistentVolumeClaims } from "./persistent-volume-claim.ts";
import { persistentVolumes } from "./persistent-volume.ts";
import { resourceQuotas } from "./resource-quota.ts";
import { secrets } from "./secret.ts";
import type { KubeObject } from "#objects";
import { body, cells, CONTEXT, created, wrong, wrongChange } from "../testing/try-kind.ts";

const SEEN_AGO = { firstTimestamp: "2026-01-01T11:50:00Z", lastTimestamp: "2026-01-01T11:59:30Z" };

describe("ConfigMap", () => {
  test("keys are file names, each in one of the two bags", () => {
    assert.deepEqual(wrong(configMaps, { data: { "a/b": "", c: "1" }, binaryData: { c: "AA==" } }), [
      "data[a/b]: Invalid value: \"a/b\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
      'data[c]: Invalid value: "c": duplicate of key present in binaryData',
    ]);
  });

  test("holds a mebibyte", () => {
    const megabyte = "x".repeat(1024 * 1024);
    assert.deepEqual(wrong(configMaps, { data: { a: megabyte } }), []);
    assert.deepEqual(wrong(configMaps, { data: { a: megabyte, b: "é" } }), [
      ": Too long: may not be more than 1048576 bytes",
    ]);
  });

  test("stays as it is once it is immutable", () => {
    const old = { immutable: true, data: { a: "1" } };
    assert.deepEqual(wrongChange(configMaps, old, { data: { a: "2" }, binaryData: { b: "AA==" } }), [
      "immutable: Forbidden: field is immutable when `immutable` is set",
      "data: Forbidden: field is immutable when `immutable` is set",
      "binaryData: Forbidden: field is immutable when `immutable` is set",
    ]);
    assert.deepEqual(wrongChange(configMaps, old, { ...old, metadata: { labels: { a: "b" } } }), []);
  });

  test("columns", () => assert.deepEqual(cells(configMaps, { data: { a: "1" }, binaryData: { b: "" } }), { Data: 2 }));
});

describe("Secret", () => {
  test("stringData becomes data and wins over it", () => {
    assert.deepEqual(body(secrets, { data: { a: "b2xk", b: "Yg==" }, stringData: { a: "né" } }), {
      type: "Opaque",
      data: { a: "bsOp", b: "Yg==" },
    });
  });

  const needs: readonly (readonly [type: string, data: Record<string, string>, errors: readonly string[]])[] = [
    ["kubernetes.io/tls", {}, ["data[tls.crt]: Required value", "data[tls.key]: Required value"]],
    ["kubernetes.io/tls", { "tls.crt": "", "tls.key": "" }, []],
    ["kubernetes.io/basic-auth", { password: "" }, []],
    ["kubernetes.io/basic-auth", {}, ["data[username]: Required value", "data[password]: Required value"]],
    ["kubernetes.io/ssh-auth", { "ssh-privatekey": "" }, ["data[ssh-privatekey]: Required value"]],
    ["kubernetes.io/dockerconfigjson", {}, ["data[.dockerconfigjson]: Required value"]],
    ["kubernetes.io/dockerconfigjson", { ".dockerconfigjson": "e30=" }, []],
    [
      "kubernetes.io/dockerconfigjson",
      { ".dockerconfigjson": "" },
      ['data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": unexpected end of JSON input'],
    ],
    [
      "kubernetes.io/service-account-token",
      {},
      ["metadata.annotations[kubernetes.io/service-account.name]: Required value"],
    ],
  ];
  for (const [type, data, errors] of needs) {
    test(`${type} with ${JSON.stringify(data)}`, () => assert.deepEqual(wrong(secrets, { type, data }), errors));
  }

  test("the type is fixed", () => {
    assert.deepEqual(wrongChange(secrets, { type: "a" }, { type: "b" }), [
      'type: Invalid value: "b": field is immutable',
    ]);
  });
});

describe("Namespace", () => {
  test("is Active, held and labelled from the start", () => {
    const { metadata, ...rest } = created(namespaces, { status: { phase: "Terminating" } });
    assert.deepEqual(metadata.labels, { "kubernetes.io/metadata.name": "test" });
    assert.deepEqual(rest, {
      apiVersion: "v1",
      kind: "Namespace",
      spec: { finalizers: ["kubernetes"] },
      status: { phase: "Active" },
    });
    assert.equal(namespaces.isHeld?.({ metadata, ...rest } as KubeObject), true);
  });

  test("an update cannot touch the finalizers, finalize can", () => {
    const old = created(namespaces, {});
    const draft = { ...old, spec: { finalizers: [] } };
    namespaces.prepareForUpdate?.(draft as never, old, CONTEXT);
    assert.deepEqual((draft as { spec: unknown }).spec, { finalizers: ["kubernetes"] });

    const finalize = namespaces.subresources?.["finalize"];
    assert.equal(finalize?.type, "update");
    const emptied = { ...old, spec: { finalizers: [] }, status: { phase: "Gone" } };
    if (finalize?.type === "update") finalize.prepareForUpdate(emptied as never, old, CONTEXT);
    assert.deepEqual(emptied.spec, { finalizers: [] });
    assert.deepEqual(emptied.status, { phase: "Active" });
  });

  test("finalizers have names of their own", () => {
    assert.deepEqual(wrong(namespaces, { spec: { finalizers: ["mine", "example.com/mine"] } }), [
      'spec.finalizers: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified',
    ]);
  });

  test("deletion makes it Terminating, and status says so", () => {
    const draft = { ...created(namespaces, {}) };
    namespaces.prepareForDeletion?.(draft as never);
    assert.deepEqual((draft as unknown as { status: unknown }).status, { phase: "Terminating" });
    const errors = namespaces.validateStatusUpdate?.(draft as KubeObject, draft as KubeObject, CONTEXT) ?? [];
    assert.deepEqual(
      errors.map(({ field, message }) => `${field}: ${message}`),
      ["status.Phase: Invalid value: \"Terminating\": may only be 'Active' if `deletionTimestamp` is empty"],
    );
  });
});

describe("Node", () => {
  const TAINT = { key: "a", value: "b", effect: "NoSchedule" };

  test("keeps the status it registers with, and can give all it has", () => {
    const { spec, status } = body(nodes, { spec: { podCIDR: "10.0.0.0/24" }, status: { capacity: { cpu: "4" } } });
    assert.deepEqual(spec, { podCIDR: "10.0.0.0/24", podCIDRs: ["10.0.0.0/24"] });
    const { capacity, allocatable } = status as Record<string, unknown>;
    assert.deepEqual({ capacity, allocatable }, { capacity: { cpu: "4" }, allocatable: { cpu: "4" } });
  });

  test("taints", () => {
    assert.deepEqual(wrong(nodes, { spec: { taints: [TAINT, TAINT, { key: "a b", effect: "Never" }] } }), [
      'metadata.taints[1]: Duplicate value: {"key":"a","value":"b","effect":"NoSchedule"}: taints must be unique by key and effect pair',
      "metadata.taints[2].key: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
      'metadata.taints[2].effect: Unsupported value: "Never": supported values: "NoExecute", "NoSchedule", "PreferNoSchedule"',
    ]);
  });

  test("networks are given once", () => {
    const spec = { podCIDRs: ["10.0.0.0/24"], providerID: "p" };
    assert.deepEqual(wrongChange(nodes, {}, { spec }), []);
    assert.deepEqual(wrongChange(nodes, { spec }, { spec: { podCIDRs: ["10.0.1.0/24"], providerID: "q" } }), [
      'spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid',
      'spec.providerID: Forbidden: node updates may not change providerID except from "" to valid',
    ]);
    assert.deepEqual(wrong(nodes, { spec: { podCIDRs: ["10.0.0.0/24", "10.0.1.0/24"] } }), [
      'spec.podCIDRs: Invalid value: ["10.0.0.0/24","10.0.1.0/24"]: may specify no more than one CIDR for each IP family',
    ]);
  });

  test("columns", () => {
    const node = {
      metadata: { labels: { "node-role.kubernetes.io/worker": "", "node-role.kubernetes.io/edge": "" } },
      spec: { unschedulable: true },
      status: {
        conditions: [{ type: "Ready", status: "True" }],
        addresses: [{ type: "InternalIP", address: "10.0.0.1" }],
        nodeInfo: { kubeletVersion: "v1.36.0", osImage: "Linux" },
      },
    };
    assert.deepEqual(cells(nodes, node), {
      Status: "Ready,SchedulingDisabled",
      Roles: "edge,worker",
      Version: "v1.36.0",
      "Internal-IP": "10.0.0.1",
      "External-IP": "<none>",
      "OS-Image": "Linux",
      "Kernel-Version": "<unknown>",
      "Container-Runtime": "<unknown>",
    });
    const status = (object: object) => cells(nodes, object)["Status"];
    assert.equal(status({}), "Unknown");
    assert.equal(status({ status: { conditions: [{ type: "Ready", status: "Unknown" }] } }), "NotReady");
  });
});

describe("Event", () => {
  const POD = { kind: "Pod", namespace: "default", name: "web", fieldPath: "spec.containers{web}" };

  test("is of the namespace it speaks of", () => {
    assert.deepEqual(wrong(events, { involvedObject: { ...POD, namespace: "other" } }), [
      'involvedObject.namespace: Invalid value: "other": does not match event.namespace',
    ]);
    assert.deepEqual(wrong(events, { involvedObject: { kind: "Node", name: "n" } }), []);
  });

  test("those of the new client say who reports what", () => {
    assert.deepEqual(wrong(events, { involvedObject: POD, eventTime: "2026-01-01T00:00:00.000000Z", reason: "R" }), [
      "reportingComponent: Required value",
      'reportingComponent: Invalid value: "": name part must be non-empty',
      "reportingComponent: Invalid value: \"\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
      "reportingInstance: Required value",
      "action: Required value",
    ]);
  });

  test("is the same object in both groups", () => {
    const version = events.versions.find(({ group }) => group === "events.k8s.io");
    const core = { involvedObject: POD, message: "m", count: 2, source: { component: "c" }, reportingComponent: "r" };
    const converted = version?.fromStorage?.({ apiVersion: "v1", kind: "Event", metadata: {}, ...core });
    assert.deepEqual(converted, {
      apiVersion: "v1",
      kind: "Event",
      metadata: {},
      regarding: POD,
      note: "m",
      deprecatedCount: 2,
      deprecatedSource: { component: "c" },
      reportingController: "r",
    });
    assert.deepEqual(version?.toStorage?.(converted!), { apiVersion: "v1", kind: "Event", metadata: {}, ...core });
  });

  test("columns", () => {
    const event = { involvedObject: POD, type: "Normal", reason: "Pulled", message: " done\n", ...SEEN_AGO, count: 3 };
    assert.deepEqual(cells(events, { ...event, source: { component: "kubelet", host: "n1" } }), {
      "Last Seen": "30s",
      Type: "Normal",
      Reason: "Pulled",
      Object: "pod/web",
      Subobject: "spec.containers{web}",
      Source: "kubelet, n1",
      Message: "done",
      "First Seen": "10m",
      Count: 3,
      Name: "test",
    });
    const fresh = { involvedObject: { kind: "Node" }, eventTime: "2026-01-01T11:59:00.000000Z" };
    const shown = cells(events, fresh);
    assert.deepEqual([shown["Last Seen"], shown["Object"], shown["Count"]], ["60s", "node", 1]);
  });

  test("can be selected by the names of both groups", () => {
    const event = created(events, { involvedObject: POD, source: { component: "kubelet" } });
    const value = (field: string) => events.selectableFields?.[field]?.(event);
    assert.equal(value("involvedObject.name"), "web");
    assert.equal(value("regarding.name"), "web");
    assert.equal(value("source"), "kubelet");
    assert.equal(value("type"), "");
  });
});

describe("Endpoints", () => {
  test("addresses and ports", () => {
    const subsets = [{ addresses: [{ ip: "127.0.0.1" }, { ip: "x" }], ports: [{ port: 0 }, { port: 1 }] }, {}];
    assert.deepEqual(wrong(endpoints, { subsets }), [
      'subsets[0].addresses[0].ip: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
      'subsets[0].addresses[1].ip: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
      'subsets[0].addresses[1].ip: Invalid value: "x": must be a valid IP address',
      "subsets[0].ports[0].name: Required value",
      "subsets[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive",
      "subsets[0].ports[1].name: Required value",
      "subsets[1]: Required value: must specify `addresses` or `notReadyAddresses`",
    ]);
  });

  test("columns", () => {
    const addresses = ["10.0.0.1", "10.0.0.2", "fd00::1", "10.0.0.4"].map((ip) => ({ ip }));
    const shown = (subsets: object[]) => cells(endpoints, { subsets })["Endpoints"];
    assert.equal(shown([]), "<none>");
    assert.equal(shown([{ addresses, ports: [{ port: 80 }] }]), "10.0.0.1:80,10.0.0.2:80,[fd00::1]:80 + 1 more...");
    assert.equal(shown([{ addresses: addresses.slice(0, 1) }]), "10.0.0.1");
    assert.equal(shown([{ notReadyAddresses: addresses, ports: [{ port: 80 }] }]), "");
  });
});

describe("LimitRange", () => {
  test("what is not said of containers follows from what is", () => {
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

  test("amounts in order", () => {
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
  test("names, amounts and scopes", () => {
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

  test("columns", () => {
    const status = { hard: { pods: "10", "limits.cpu": "2", "requests.cpu": "1" }, used: { pods: "3" } };
    assert.deepEqual(cells(resourceQuotas, { status }), {
      Request: "pods: 3/10, requests.cpu: 0/1",
      Limit: "limits.cpu: 0/2",
    });
  });
});

describe("PersistentVolume", () => {
  const SPEC = { capacity: { storage: "1Gi" }, accessModes: ["ReadWriteOnce"], hostPath: { path: "/data" } };

  test("defaults", () => {
    assert.deepEqual(body(persistentVolumes, { spec: SPEC }), {
      spec: {
        ...SPEC,
        hostPath: { path: "/data", type: "" },
        persistentVolumeReclaimPolicy: "Retain",
        volumeMode: "Filesystem",
      },
      status: { phase: "Pending", lastPhaseTransitionTime: "2026-01-01T12:00:00Z" },
    });
  });

  test("one volume, of some size, somewhere", () => {
    assert.deepEqual(wrong(persistentVolumes, { spec: {} }), [
      "spec.accessModes: Required value",
      "spec.capacity: Required value",
      'spec.capacity: Unsupported value: {}: supported values: "storage"',
      "spec: Required value: must specify a volume type",
    ]);
    assert.deepEqual(
      wrong(persistentVolumes, { spec: { ...SPEC, local: { path: "/x" }, capacity: { storage: "0" } } }),
      [
        'spec.capacity[storage]: Invalid value: "0": must be greater than zero',
        "spec.local: Forbidden: may not specify more than 1 volume type",
      ],
    );
    const { hostPath: _, ...rest } = SPEC;
    assert.deepEqual(wrong(persistentVolumes, { spec: { ...rest, local: { path: "/x" } } }), [
      "spec.nodeAffinity: Required value: Local volume requires node affinity",
    ]);
  });

  test("what it is stays", () => {
    const moved = { ...SPEC, hostPath: { path: "/other" } };
    assert.deepEqual(wrongChange(persistentVolumes, { spec: SPEC }, { spec: moved }), [
      "spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation",
    ]);
    const reclaimed = { ...SPEC, persistentVolumeReclaimPolicy: "Delete" };
    assert.deepEqual(wrongChange(persistentVolumes, { spec: SPEC }, { spec: reclaimed }), []);
  });

  test("columns", () => {
    const spec = { ...SPEC, claimRef: { namespace: "a", name: "b" }, storageClassName: "fast" };
    assert.deepEqual(cells(persistentVolumes, { spec, status: { phase: "Bound" } }), {
      Capacity: "1Gi",
      "Access Modes": "RWO",
      "Reclaim Policy": "Retain",
      Status: "Bound",
      Claim: "a/b",
      StorageClass: "fast",
      VolumeAttributesClass: "<unset>",
      Reason: "",
      VolumeMode: "Filesystem",
    });
  });
});

describe("PersistentVolumeClaim", () => {
  const SPEC = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } };
  const bound = (size: string, spec: object = {}) => ({
    spec: { ...SPEC, volumeName: "pv", resources: { requests: { storage: size } }, ...spec },
  });

  test("is Pending", () => {
    assert.deepEqual(body(persistentVolumeClaims, { spec: SPEC }), {
      spec: { ...SPEC, volumeMode: "Filesystem" },
      status: { phase: "Pending" },
    });
  });

  test("asks for something", () => {
    assert.deepEqual(wrong(persistentVolumeClaims, { spec: { accessModes: ["Never"] } }), [
      'spec.accessModes: Unsupported value: "Never": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"',
      "spec.resources[storage]: Required value",
    ]);
  });

  test("a volume's name may be set once, and the class where there was none", () => {
    assert.deepEqual(wrongChange(persistentVolumeClaims, { spec: SPEC }, { spec: { ...SPEC, volumeName: "pv" } }), []);
    assert.deepEqual(
      wrongChange(persistentVolumeClaims, { spec: SPEC }, { spec: { ...SPEC, storageClassName: "a" } }),
      [],
    );
    assert.deepEqual(wrongChange(persistentVolumeClaims, bound("1Gi"), bound("1Gi", { volumeName: "other" })), [
      "spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims",
    ]);
  });

  test("only a bound claim grows, none shrinks below what it has", () => {
    const change = (status: object, from: string, to: string) => {
      const old = { ...created(persistentVolumeClaims, bound(from)), status };
      const errors = persistentVolumeClaims.validateUpdate?.(
        { ...created(persistentVolumeClaims, bound(to)), status } as KubeObject,
        old as KubeObject,
        CONTEXT,
      );
      return errors?.map(({ field }) => field);
    };
    const held = { phase: "Bound", capacity: { storage: "1Gi" } };
    assert.deepEqual(change(held, "1Gi", "2Gi"), []);
    assert.deepEqual(change({ phase: "Pending" }, "1Gi", "2Gi"), ["spec"]);
    assert.deepEqual(change(held, "2Gi", "1Gi"), ["spec.resources.requests.storage"]);
    assert.deepEqual(change(held, "3Gi", "2Gi"), []);
  });

  test("columns", () => {
    const claim = {
      ...bound("1Gi"),
      status: { phase: "Bound", capacity: { storage: "2Gi" }, accessModes: ["ReadOnlyMany"] },
    };
    assert.deepEqual(cells(persistentVolumeClaims, claim), {
      Status: "Bound",
      Volume: "pv",
      Capacity: "2Gi",
      "Access Modes": "ROX",
      StorageClass: "",
      VolumeAttributesClass: "<unset>",
      VolumeMode: "Filesystem",
    });
    assert.equal(cells(persistentVolumeClaims, { spec: SPEC })["Capacity"], "");
  });
});
