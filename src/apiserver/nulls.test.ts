/** What answers leave out, what they say is null or zero: as upstream's types are written. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createApiWorld, type ApiWorld } from "./testing/world.ts";

const json = { "content-type": "application/json" };

async function written(api: ApiWorld, path: string, apiVersion: string, kind: string, more: object) {
  const body = { apiVersion, kind, metadata: { name: "a" }, ...more };
  const answer = await api.ask(`POST ${path}`, { body, headers: json });
  assert.equal(answer.status, 201, answer.text);
  return answer.json<Record<string, Record<string, unknown>>>();
}

const NAMESPACED = "namespaces/default";

test("a list, pointer or time that upstream never leaves out is null", async () => {
  await using api = await createApiWorld();
  const target = { scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "d" }, maxReplicas: 2 };
  const autoscaler = await written(
    api,
    `/apis/autoscaling/v2/${NAMESPACED}/horizontalpodautoscalers`,
    "autoscaling/v2",
    "HorizontalPodAutoscaler",
    { spec: target },
  );
  assert.deepEqual(autoscaler["status"], { desiredReplicas: 0, currentMetrics: null });
  assert.equal("generation" in autoscaler["metadata"]!, false);
  const role = await written(
    api,
    `/apis/rbac.authorization.k8s.io/v1/${NAMESPACED}/roles`,
    "rbac.authorization.k8s.io/v1",
    "Role",
    {},
  );
  assert.equal(role["rules"], null);
  const volume = await written(api, "/api/v1/persistentvolumes", "v1", "PersistentVolume", {
    spec: {
      capacity: { storage: "1Gi" },
      accessModes: ["ReadWriteMany"],
      azureFile: { secretName: "s", shareName: "x" },
    },
  });
  assert.deepEqual(volume["spec"]!["azureFile"], { secretName: "s", shareName: "x", secretNamespace: null });
  const event = await written(api, `/api/v1/${NAMESPACED}/events`, "v1", "Event", {
    involvedObject: { namespace: "default" },
    lastTimestamp: "2026-01-01T00:00:00Z",
  });
  assert.deepEqual(
    [event["eventTime"], event["firstTimestamp"], event["lastTimestamp"]],
    [null, null, "2026-01-01T00:00:00Z"],
  );
});

test("the nulls are in every form of the answer, and in no object in memory", async () => {
  await using api = await createApiWorld();
  const roles = `/apis/rbac.authorization.k8s.io/v1/${NAMESPACED}/roles`;
  await written(api, roles, "rbac.authorization.k8s.io/v1", "Role", {});
  for (const path of [`${roles}/a`, `${roles}/a?pretty=true`, roles, `${roles}?pretty=true`]) {
    assert.match((await api.ask(`GET ${path}`)).text, /"rules": ?null/, path);
  }
  const yaml = await api.ask(`GET ${roles}/a`, { headers: { accept: "application/yaml" } });
  assert.match(yaml.text, /^rules: null$/m);
  const stored = await api.registry.resource("rbac.authorization.k8s.io", "roles")!.get({
    namespace: "default",
    name: "a",
  });
  assert.equal("rules" in stored.object, false);
  const events = `/api/v1/${NAMESPACED}/events`;
  await written(api, events, "v1", "Event", { involvedObject: { namespace: "default" } });
  const other = await api.ask(`GET /apis/events.k8s.io/v1/${NAMESPACED}/events/a`);
  assert.deepEqual(other.json()["deprecatedFirstTimestamp"], null);
});

test("a zero that upstream leaves out is no default", async () => {
  await using api = await createApiWorld();
  const spec = {
    selector: { app: "a" },
    template: { metadata: { labels: { app: "a" } }, spec: { containers: [{ name: "c", image: "i" }] } },
  };
  const controller = await written(api, `/api/v1/${NAMESPACED}/replicationcontrollers`, "v1", "ReplicationController", {
    spec,
  });
  assert.equal("minReadySeconds" in controller["spec"]!, false);
});

test("a CSIDriver has a generation from its first change on", async () => {
  await using api = await createApiWorld();
  const drivers = "/apis/storage.k8s.io/v1/csidrivers";
  const made = await written(api, drivers, "storage.k8s.io/v1", "CSIDriver", { spec: { podInfoOnMount: false } });
  assert.equal("generation" in made["metadata"]!, false);
  const changed = await api.ask(`PATCH ${drivers}/a`, {
    body: { spec: { podInfoOnMount: true } },
    headers: { "content-type": "application/merge-patch+json" },
  });
  assert.equal(changed.json<{ metadata: { generation: number } }>().metadata.generation, 1, changed.text);
});
