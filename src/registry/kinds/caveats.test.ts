import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { draftOf, type AnyDraft } from "#objects";
import { createRegistryWorld, USER } from "../testing/world.ts";
import { CAVEATS, POD_CAVEATS } from "./caveats.ts";
import { BUILT_IN_KINDS } from "./index.ts";
import { kind } from "./testing/kind.ts";

describe("what is stored and not acted on", () => {
  test("is listed in the README", () => {
    const readme = readFileSync(join(import.meta.dirname, "../../../README.md"), "utf8").replaceAll(/\s+/g, " ");
    const [, listed] =
      /Stored, validated and defaulted, but not acted on yet; [^:]*: (.*?)\. As long as/.exec(readme) ?? [];
    assert.equal(listed, [...CAVEATS, ...POD_CAVEATS].map(({ title }) => title).join(", "));
  });

  test("every row is of a kind that is served", () => {
    for (const { group, resource } of CAVEATS) {
      assert.ok(
        BUILT_IN_KINDS.some((definition) => definition.group === group && definition.resource === resource),
        `${resource}.${group}`,
      );
    }
  });

  const caveats = (name: string, object: object) =>
    kind(name).caveats?.({ apiVersion: "", kind: name, metadata: {}, ...object }) ?? [];

  test("has a caveat for each object of a kind of which nothing is acted on", () => {
    assert.deepEqual(caveats("LeaseCandidate", {}), [
      "LeaseCandidates: stored, but not acted on yet; no leader is elected",
    ]);
    assert.deepEqual(caveats("ConfigMap", {}), []);
    assert.deepEqual(caveats("Deployment", { spec: { template: { spec: { containers: [] } } } }), []);
  });

  test("has a caveat for those objects alone that contain what is not acted on", () => {
    const labels = { "pod-security.kubernetes.io/enforce": "restricted" };
    assert.deepEqual(caveats("Namespace", { metadata: { labels } }), [
      "Pod Security labels of Namespaces: stored, but not acted on yet; no Pod is refused, warned of or audited",
    ]);
    assert.deepEqual(caveats("Namespace", {}), []);
    assert.deepEqual(caveats("PersistentVolume", { spec: { persistentVolumeReclaimPolicy: "Retain" } }), []);
    assert.deepEqual(caveats("PersistentVolume", { spec: { persistentVolumeReclaimPolicy: "Recycle" } }), [
      "the reclaim policy Recycle of PersistentVolumes: stored, but not acted on yet; the volume is Failed once its claim is gone",
    ]);
    assert.deepEqual(caveats("APIService", { spec: {} }), []);
    assert.equal(caveats("APIService", { spec: { service: { name: "s", namespace: "n" } } }).length, 1);
    assert.deepEqual(caveats("ServiceCIDR", { metadata: { name: "kubernetes" } }), []);
    assert.equal(caveats("ServiceCIDR", { metadata: { name: "more" } }).length, 1);
  });

  test("has a caveat for fields of Pods, and for the same fields in templates", () => {
    const spec = { containers: [], resourceClaims: [{ name: "gpu" }] };
    const text = "resourceClaims of Pods: stored, but not acted on yet; no device is allocated";
    assert.deepEqual(caveats("Pod", { spec }), [text]);
    assert.deepEqual(caveats("Deployment", { spec: { template: { spec } } }), [text]);
    assert.deepEqual(caveats("CronJob", { spec: { jobTemplate: { spec: { template: { spec } } } } }), [text]);
  });

  test("has a caveat for volumes that no node mounts, and none for those that nodes have", () => {
    const of = (...volumes: readonly object[]) => caveats("Pod", { spec: { containers: [], volumes } });
    const text = "volumes of Pods that another machine has, but for nfs (iscsi, rbd and the like)";
    const told = `${text}: stored, but not acted on yet; no node mounts them`;
    assert.deepEqual(of({ name: "a", csi: { driver: "d" } }, { name: "b", iscsi: {} }), [told]);
    const files = ["configMap", "downwardAPI", "emptyDir", "projected", "secret"];
    const fields = [...files, "csi", "ephemeral", "hostPath", "image", "nfs"];
    assert.deepEqual(of(...fields.map((field) => ({ name: field.toLowerCase(), [field]: {} }))), []);
    assert.deepEqual(of({ name: "claim", persistentVolumeClaim: { claimName: "c" } }), []);
  });

  test("is warned of on create and apply, and on an update that brings it", async () => {
    const namespaces = kind("Namespace");
    await using world = await createRegistryWorld({ definitions: [namespaces, kind("Role")] });
    const told: string[] = [];
    const options = { ...USER, warn: (text: string) => void told.push(text) };
    const take = () => told.splice(0).length;
    const roles = world.registry.resource("rbac.authorization.k8s.io", "roles")!;
    const key = { namespace: "default", name: "r" };
    const role = { apiVersion: "rbac.authorization.k8s.io/v1", kind: "Role", metadata: key, rules: [] };
    await roles.create(role as unknown as AnyDraft, options);
    assert.equal(take(), 1);
    const change = (fields: object) => (current: object | undefined) =>
      ({ ...draftOf(current!), ...fields }) as AnyDraft;
    await roles.update(key, change({ rules: [{ verbs: ["get"], apiGroups: [""], resources: ["pods"] }] }), options);
    assert.equal(take(), 0);
    await roles.update(key, change({}), { ...options, keepsManagedFields: true });
    assert.equal(take(), 1);

    const all = world.registry.resource("", "namespaces")!;
    const at = { namespace: "", name: "n" };
    await all.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: "n" } } as AnyDraft, options);
    assert.equal(take(), 0);
    const labelled = (current: object | undefined) => {
      const draft = draftOf(current!) as AnyDraft;
      draft.metadata.labels = { ...draft.metadata.labels, "pod-security.kubernetes.io/enforce": "baseline" };
      return draft;
    };
    await all.update(at, labelled, options);
    assert.equal(take(), 1);
    await all.update(at, change({ status: { phase: "Active" } }), { ...options, subresource: "status" });
    assert.equal(take(), 0);
  });
});
