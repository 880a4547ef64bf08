/** Integers at the ends of their types: stored and answered with all their digits, or refused in words; never a 500. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { jsonText, parseJson, parseTime, type Schema } from "#objects";
import { builtInKinds, type ResourceDefinition } from "#registry";
import { createApiWorld, type Answer, type ApiWorld } from "./testing/world.ts";
import { json } from "./testing/objects.ts";

const MAX = 9223372036854775807n;
const EXTREMES = [MAX, -(2n ** 63n), 9007199254740993n, 2 ** 31 - 1] as const;
const PODS = "/api/v1/namespaces/default/pods";
const YEAR_MS = 365.25 * 24 * 3_600_000;

const pod = (name: string, seconds: number | bigint) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name },
  spec: { nodeName: "n", terminationGracePeriodSeconds: seconds, containers: [{ name: "c", image: "i" }] },
});

const parsed = (answer: Answer) => parseJson(answer.text) as Record<string, never>;

describe("an integer beyond 2^53", () => {
  for (const seconds of [MAX, 9007199254740993n, 300000000000]) {
    it(`is kept exactly on every way in and out: ${seconds}`, async () => {
      await using api = await createApiWorld();
      const has = (answer: Answer, where = "") => {
        assert.ok(answer.status < 300, `${where} ${answer.status} ${answer.text}`);
        assert.match(answer.text, new RegExp(`"?terminationGracePeriodSeconds"?: ?${seconds}\\b`), where);
      };
      has(await api.ask(`POST ${PODS}`, { body: jsonText(pod("a", seconds)), headers: json }), "create");
      has(await api.ask(`GET ${PODS}/a`), "get");
      has(await api.ask(`GET ${PODS}/a?pretty=true`), "pretty");
      has(await api.ask(`GET ${PODS}`), "list");
      const yaml = { accept: "application/yaml" };
      has(await api.ask(`GET ${PODS}/a`, { headers: yaml }), "YAML");
      has(await api.ask(`GET ${PODS}`, { headers: yaml }), "YAML list");
      const body = `apiVersion: v1\nkind: Pod\nmetadata: {name: other}\nspec:\n  terminationGracePeriodSeconds: ${seconds}\n  containers: [{name: c, image: i}]\n`;
      has(await api.ask(`POST ${PODS}`, { body, headers: { "content-type": "application/yaml" } }), "from YAML");
      // It stays as it is when something else changes, by whatever patch.
      for (const [type, patch] of [
        ["application/merge-patch+json", { metadata: { labels: { a: "1" } } }],
        ["application/strategic-merge-patch+json", { metadata: { labels: { a: "2" } } }],
        ["application/json-patch+json", [{ op: "add", path: "/metadata/labels/a", value: "3" }]],
      ] as const) {
        const headers = { "content-type": type };
        has(await api.ask(`PATCH ${PODS}/a`, { body: JSON.stringify(patch), headers }), type);
      }
      has(
        await api.ask(`PUT ${PODS}/a`, { body: jsonText(parsed(await api.ask(`GET ${PODS}/a`))), headers: json }),
        "PUT",
      );
      const status = jsonText({ status: { phase: "Running" } });
      const merge = { "content-type": "application/merge-patch+json" };
      has(await api.ask(`PATCH ${PODS}/a/status`, { body: status, headers: merge }), "status");
      has(await api.ask(`DELETE ${PODS}/a`), "delete");
    });
  }

  it("can be set by every patch and by apply, which owns it", async () => {
    await using api = await createApiWorld();
    const path = "/apis/apps/v1/namespaces/default/deployments";
    const template = (seconds: number | bigint) => ({
      metadata: { labels: { a: "b" } },
      spec: { terminationGracePeriodSeconds: seconds, containers: [{ name: "c", image: "i" }] },
    });
    const of = (seconds: number | bigint) => ({
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "a" },
      spec: { selector: { matchLabels: { a: "b" } }, template: template(seconds) },
    });
    const apply = (seconds: number | bigint) =>
      api.ask(`PATCH ${path}/a?fieldManager=m`, {
        body: jsonText(of(seconds)),
        headers: { "content-type": "application/apply-patch+yaml" },
      });
    const secondsIn = (answer: Answer) => {
      assert.ok(answer.status < 300, answer.text);
      return /"terminationGracePeriodSeconds":(-?\d+)/.exec(answer.text)![1];
    };
    assert.equal(secondsIn(await apply(MAX)), String(MAX));
    const first = parsed(await api.ask(`GET ${path}/a`)) as unknown as Versioned;
    const again = parsed(await apply(MAX)) as unknown as Versioned;
    assert.equal(again.metadata.resourceVersion, first.metadata.resourceVersion, "the same apply changes nothing");
    assert.equal(secondsIn(await apply(MAX - 1n)), String(MAX - 1n));
    const field = { spec: { template: { spec: { terminationGracePeriodSeconds: MAX - 2n } } } };
    const patches = [
      ["application/merge-patch+json", field, MAX - 2n],
      [
        "application/strategic-merge-patch+json",
        { spec: { template: { spec: { terminationGracePeriodSeconds: MAX - 3n } } } },
        MAX - 3n,
      ],
      [
        "application/json-patch+json",
        [
          { op: "test", path: "/spec/template/spec/terminationGracePeriodSeconds", value: MAX - 3n },
          { op: "replace", path: "/spec/template/spec/terminationGracePeriodSeconds", value: MAX - 4n },
        ],
        MAX - 4n,
      ],
    ] as const;
    for (const [type, patch, expected] of patches) {
      const headers = { "content-type": type };
      assert.equal(secondsIn(await api.ask(`PATCH ${path}/a`, { body: jsonText(patch), headers })), String(expected));
    }
  });

  it("out of the type's range is refused in the words of Go's decoder", async () => {
    await using api = await createApiWorld();
    for (const text of ["9223372036854775808", "1e30", "-9223372036854775809"]) {
      const body = jsonText(pod("a", MAX)).replace(String(MAX), text);
      const answer = await api.ask(`POST ${PODS}`, { body, headers: json });
      assert.equal(answer.status, 400);
      assert.match(
        answer.text,
        new RegExp(
          `json: cannot unmarshal number ${text} into Go struct field PodSpec.spec.terminationGracePeriodSeconds of type int64`,
        ),
      );
    }
  });

  it("of grace leaves a time that every client can read, exact seconds, and a deletion that can be shortened", async () => {
    await using api = await createApiWorld();
    for (const seconds of [MAX, 9007199254740993n, 300000000000]) {
      await api.ask(`POST ${PODS}`, { body: jsonText(pod("a", seconds)), headers: json });
      const going = parsed(await api.ask(`DELETE ${PODS}/a`)) as unknown as Going;
      const at = parseTime(going.metadata.deletionTimestamp)!;
      assert.equal(going.metadata.deletionGracePeriodSeconds, seconds);
      assert.ok(at > api.clock.now() + 291 * YEAR_MS && at < api.clock.now() + 293 * YEAR_MS);
      const status = { headers: { "content-type": "application/merge-patch+json" } };
      const written = await api.ask(`PATCH ${PODS}/a/status`, { ...status, body: `{"status":{"phase":"Running"}}` });
      assert.equal(written.status, 200, written.text);
      const shorter = parsed(await api.ask(`DELETE ${PODS}/a?gracePeriodSeconds=30`)) as unknown as Going;
      assert.equal(parseTime(shorter.metadata.deletionTimestamp), Math.floor(api.clock.now() / 1000 + 30) * 1000);
      assert.equal((await api.ask(`DELETE ${PODS}/a?gracePeriodSeconds=0`)).status, 200);
      assert.equal((await api.ask(`GET ${PODS}/a`)).status, 404);
    }
  });
});

interface Versioned {
  readonly metadata: { readonly resourceVersion: string };
}
interface Going {
  readonly metadata: { readonly deletionTimestamp: string; readonly deletionGracePeriodSeconds: number | bigint };
}

/** The least that the server takes of a kind, so that what is refused is the number and not what stands beside it. */
const template = { metadata: { labels: { a: "b" } }, spec: { containers: [{ name: "c", image: "i" }] } };
const selector = { matchLabels: { a: "b" } };
const once = { ...template, spec: { ...template.spec, restartPolicy: "Never" } };
const SPECS: Readonly<Record<string, object>> = {
  Pod: { spec: template.spec },
  PodTemplate: { template },
  ReplicationController: { spec: { selector: { a: "b" }, template } },
  "ReplicaSet.apps": { spec: { selector, template } },
  "Deployment.apps": { spec: { selector, template } },
  "StatefulSet.apps": { spec: { selector, template, serviceName: "s" } },
  "DaemonSet.apps": { spec: { selector, template } },
  "Job.batch": { spec: { template: once } },
  "CronJob.batch": { spec: { schedule: "* * * * *", jobTemplate: { spec: { template: once } } } },
  Service: { spec: { ports: [{ port: 80 }] } },
  "ControllerRevision.apps": { revision: 1, data: {} },
  "Lease.coordination.k8s.io": { spec: {} },
  "HorizontalPodAutoscaler.autoscaling": {
    spec: { maxReplicas: 1, scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "a" } },
  },
  "StorageClass.storage.k8s.io": { provisioner: "a.b" },
  "CSIDriver.storage.k8s.io": { spec: {} },
};

interface IntegerField {
  readonly path: readonly (string | number)[];
}

/** Paths of all integers of a type, through the first items of lists and one key of maps. */
function integersOf(schema: Schema, path: readonly (string | number)[], seen: readonly Schema[]): IntegerField[] {
  // The templates of workloads are the spec of a Pod, which has its turn.
  if (
    path.length > (path[1] === "template" || path[1] === "jobTemplate" ? 5 : 14) ||
    seen.filter((each) => each === schema).length > 1
  )
    return [];
  const inside = [...seen, schema];
  switch (schema.type) {
    case "object":
      return [...schema.fields].flatMap(([name, field]) =>
        name === "managedFields" ? [] : integersOf(field.schema, [...path, name], inside),
      );
    case "list":
      return integersOf(schema.items, [...path, 0], inside);
    case "map":
      return integersOf(schema.values, [...path, "a.b/c"], inside);
    case "scalar":
      return ["int32", "int64", "int-or-string", "quantity", "number"].includes(schema.scalar) ? [{ path }] : [];
    case "any":
      return [];
  }
}

/** A copy of the value with another one at a path; what is missing on the way is made. */
function withAt(value: unknown, [first, ...rest]: readonly (string | number)[], put: unknown): unknown {
  if (first === undefined) return put;
  if (typeof first === "number") {
    const list = Array.isArray(value) ? (value as unknown[]) : [];
    return [withAt(list[0], rest, put), ...list.slice(1)];
  }
  const map = typeof value === "object" && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
  return { ...map, [first]: withAt(map[first], rest, put) };
}

const valueAt = (value: unknown, path: readonly (string | number)[]): unknown =>
  path.reduce<unknown>((inner, key) => (inner as Record<string | number, unknown> | undefined)?.[key], value);

const nameOf = ({ group, kind }: ResourceDefinition) => (group ? `${kind}.${group}` : kind);

/** Returns how many of the numbers were stored as they were sent. */
async function tryField(
  api: ApiWorld,
  { base, body, stored }: { readonly base: string; readonly body: object; readonly stored: boolean },
  { path }: IntegerField,
): Promise<number> {
  let kept = 0;
  for (const extreme of EXTREMES) {
    const text = jsonText(withAt(body, path, extreme));
    const made = await api.ask(`POST ${base}`, { body: text, headers: json });
    const where = `${base} ${path.join(".")} = ${extreme}: ${made.text.slice(0, 300)}`;
    assert.ok(made.status === 201 || (made.status >= 400 && made.status < 500), where);
    if (made.status !== 201 || !stored) continue;
    const got = await api.ask(`GET ${base}/x`);
    assert.equal(got.status, 200, where);
    const [sent, found] = [valueAt(parsed(made), path), valueAt(parsed(got), path)];
    assert.deepEqual(found, sent, where);
    // Server-owned fields and quantities have values of their own.
    if (typeof found === typeof extreme && found === extreme) kept++;
    assert.ok((await api.ask(`GET ${base}/x`, { headers: { accept: "application/yaml" } })).status === 200, where);
    const table = { accept: "application/json;as=Table;g=meta.k8s.io;v=v1" };
    assert.equal((await api.ask(`GET ${base}/x`, { headers: table })).status, 200, where);
    const put = await api.ask(`PUT ${base}/x`, { body: got.text, headers: json });
    assert.ok(put.status === 200 || (put.status >= 400 && put.status < 500), `${where} PUT ${put.text}`);
    const gone = await api.ask(`DELETE ${base}/x?gracePeriodSeconds=0`);
    assert.equal(gone.status, 200, `${where} DELETE ${gone.text}`);
    if ((await api.ask(`GET ${base}/x`)).status === 200) {
      // Held by a finalizer of its kind.
      const free = { body: `{"metadata":{"finalizers":null},"spec":{"finalizers":null}}` };
      await api.ask(`PATCH ${base}/x`, { ...free, headers: { "content-type": "application/merge-patch+json" } });
      await api.ask(`DELETE ${base}/x?gracePeriodSeconds=0`);
    }
  }
  return kept;
}

describe("every integer field of every kind takes its extremes or refuses them in words", () => {
  for (const definition of builtInKinds()) {
    if (definition.verbs && !definition.verbs.includes("create")) continue;
    it(`${nameOf(definition)} takes its extremes or refuses them in words`, async () => {
      await using api = await createApiWorld();
      const version = definition.versions.find((each) => each.version === definition.storageVersion && !each.group);
      const group = definition.group ? `/apis/${definition.group}` : "/api";
      const place = definition.namespaced ? "/namespaces/default" : "";
      const base = `${group}/${definition.storageVersion}${place}/${definition.resource}`;
      const { schema } = version!;
      const body = {
        apiVersion: definition.group ? `${definition.group}/${definition.storageVersion}` : definition.storageVersion,
        kind: definition.kind,
        metadata: { name: "x" },
        ...SPECS[nameOf(definition)],
      };
      // Reviews are only answered.
      const stored = (await api.ask(`GET ${base}`)).status === 200;
      let kept = 0;
      for (const field of integersOf(schema, [], [])) {
        kept += await tryField(api, { base, body, stored }, field);
      }
      if (SPECS[nameOf(definition)]) assert.ok(kept > 0, "no number was stored at all");
      assert.deepEqual(api.errors, []);
    });
  }
});
