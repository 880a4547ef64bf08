import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { namespaces } from "./namespace.ts";
import { nodes } from "./node.ts";
import type { KubeObject } from "#objects";
import { body, cells, CONTEXT, created, wrong, wrongChange } from "../testing/try-kind.ts";

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

  test("keeps the status it registers with; its allocatable defaults to its capacity", () => {
    const { spec, status } = body(nodes, { spec: { podCIDR: "10.0.0.0/24" }, status: { capacity: { cpu: "4" } } });
    assert.deepEqual(spec, { podCIDR: "10.0.0.0/24", podCIDRs: ["10.0.0.0/24"] });
    const { capacity, allocatable } = status as Record<string, unknown>;
    assert.deepEqual({ capacity, allocatable }, { capacity: { cpu: "4" }, allocatable: { cpu: "4" } });
  });

  test("taints are checked and must be unique by key and effect", () => {
    assert.deepEqual(wrong(nodes, { spec: { taints: [TAINT, TAINT, { key: "a b", effect: "Never" }] } }), [
      'metadata.taints[1]: Duplicate value: {"key":"a","value":"b","effect":"NoSchedule"}: taints must be unique by key and effect pair',
      "metadata.taints[2].key: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
      'metadata.taints[2].effect: Unsupported value: "Never": supported values: "NoExecute", "NoSchedule", "PreferNoSchedule"',
    ]);
  });

  test("the pod networks and the provider's id can be set once and not changed", () => {
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

  test("shows its state, roles and versions as columns", () => {
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
