import assert from "node:assert/strict";
import { test } from "node:test";
import { finish } from "#base";
import fc from "fast-check";
import { deepFreeze, draftOf, type AnyDraft, type KubeObject } from "../object.ts";
import { hasReason, StatusError } from "../status-error.ts";
import { WORKLOAD } from "../test-schemas.ts";
import { LAST_APPLIED_ANNOTATION, recordUpdate, serverSideApply, type ApplyRequest } from "./index.ts";

const START = Date.UTC(2026, 0, 1);
const API = { apiVersion: "example.io/v1", kind: "Workload" };

type Map = Record<string, unknown>;

const config = (fields: { readonly metadata?: Map; readonly spec?: Map; readonly status?: Map }): Map => ({
  ...API,
  ...fields,
  metadata: { name: "w", namespace: "d", ...fields.metadata },
});

interface Options extends Partial<ApplyRequest> {
  readonly seconds?: number;
}

/** Applies, and gives back the object as it would be stored. Nothing that goes in may change. */
function apply(live: KubeObject | undefined, applied: Map, manager: string, options: Options = {}): KubeObject {
  const { seconds = 0, ...rest } = options;
  const frozen = deepFreeze(structuredClone(applied));
  const draft = finish(
    serverSideApply({
      ...API,
      schema: WORKLOAD,
      force: false,
      time: START + seconds * 1000,
      ...rest,
      live,
      applied: frozen,
      manager,
    }),
  );
  assert.deepEqual(frozen, applied);
  return deepFreeze({ ...draft, metadata: { uid: "u", ...draft.metadata } } as KubeObject);
}

function update(old: KubeObject | undefined, change: (draft: AnyDraft) => void, manager: string): KubeObject {
  const draft = (old ? draftOf(old) : structuredClone(config({}))) as AnyDraft;
  change(draft);
  recordUpdate({ old, draft, manager, apiVersion: API.apiVersion, schema: WORKLOAD, time: START });
  return deepFreeze({ ...draft, metadata: { uid: "u", ...draft.metadata } } as KubeObject);
}

const spec = (object: KubeObject) => (object as unknown as { spec?: Map }).spec;
const owners = ({ metadata }: KubeObject) =>
  Object.fromEntries(
    (metadata.managedFields ?? []).map(({ manager, operation, subresource, fieldsV1 }) => [
      `${manager}${subresource ? `/${subresource}` : ""}${operation === "Apply" ? "" : " updates"}`,
      fieldsV1,
    ]),
  );

function refused(run: () => unknown, code: number, message: string): StatusError {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof StatusError, String(error));
    assert.deepEqual([error.code, error.message], [code, message]);
    return error;
  }
  return assert.fail("not refused");
}

test("what is applied first is created, and owned without its containers", () => {
  const created = apply(
    undefined,
    config({
      metadata: { labels: { a: "b" }, annotations: {} },
      spec: { replicas: 1, containers: [{ name: "c", ports: [{ containerPort: 80 }] }], nodeSelector: { x: "y" } },
    }),
    "m",
  );
  assert.deepEqual(spec(created), {
    replicas: 1,
    containers: [{ name: "c", ports: [{ containerPort: 80 }] }],
    nodeSelector: { x: "y" },
  });
  assert.deepEqual(owners(created), {
    m: {
      "f:metadata": { "f:annotations": {}, "f:labels": { "f:a": {} } },
      "f:spec": {
        "f:containers": {
          'k:{"name":"c"}': {
            ".": {},
            "f:name": {},
            "f:ports": { 'k:{"containerPort":80,"protocol":"TCP"}': { ".": {}, "f:containerPort": {} } },
          },
        },
        "f:nodeSelector": {},
        "f:replicas": {},
      },
    },
  });
});

test("a field that is no longer applied is removed, unless another manager owns it", () => {
  const first = apply(
    undefined,
    config({ metadata: { labels: { a: "1", b: "2", c: "3" } }, spec: { replicas: 1 } }),
    "m",
  );
  const shared = apply(first, config({ metadata: { labels: { b: "2" } } }), "n");
  const updated = update(shared, (draft) => ((draft.metadata.labels as Map)["c"] = "4"), "u");
  const after = apply(updated, config({ metadata: { labels: { a: "1" } } }), "m");
  assert.deepEqual(after.metadata.labels, { a: "1", b: "2", c: "4" });
  assert.equal(spec(after), undefined);
  assert.deepEqual(owners(after)["m"], { "f:metadata": { "f:labels": { "f:a": {} } } });
});

test("an item goes with the last of its owners", () => {
  const container = (name: string, more: Map = {}) => ({ name, ...more });
  const first = apply(
    undefined,
    config({ spec: { containers: [container("a", { image: "x" }), container("b")] } }),
    "m",
  );
  const second = apply(first, config({ spec: { containers: [container("a", { args: ["1"] })] } }), "n");
  const without = apply(second, config({ spec: { containers: [container("b")] } }), "m");
  assert.deepEqual(spec(without), { containers: [{ name: "a", args: ["1"] }, { name: "b" }] });
  const gone = apply(without, config({}), "n");
  assert.deepEqual(spec(gone), { containers: [{ name: "b" }] });
});

test("others' fields are a conflict, told with their owner and path", () => {
  const live = update(
    update(
      undefined,
      (draft) => (draft["spec"] = { replicas: 1, containers: [{ name: "c", image: "x" }] }),
      "kubectl-client-side-apply",
    ),
    () => {},
    "x",
  );
  const one = refused(
    () => apply(live, config({ spec: { replicas: 2 } }), "m"),
    409,
    'Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using example.io/v1: .spec.replicas',
  );
  assert.ok(hasReason(one, "Conflict"));
  assert.deepEqual(one.status.details, {
    causes: [
      {
        reason: "FieldManagerConflict",
        message: 'conflict with "kubectl-client-side-apply" using example.io/v1',
        field: ".spec.replicas",
      },
    ],
  });
  const applied = apply(live, config({ metadata: { labels: { a: "1" } } }), "n");
  refused(
    () =>
      apply(
        applied,
        config({ metadata: { labels: { a: "2" } }, spec: { replicas: 2, containers: [{ name: "c", image: "y" }] } }),
        "m",
      ),
    409,
    'Apply failed with 3 conflicts: conflicts with "kubectl-client-side-apply" using example.io/v1:\n- .spec.replicas\n- .spec.containers[name="c"].image\nconflicts with "n":\n- .metadata.labels.a',
  );
});

test("a subresource's owner is named with it", () => {
  const live = apply(undefined, config({ status: { replicas: 1 } }), "s", { subresource: "status" });
  refused(
    () => apply(live, config({ status: { replicas: 2 } }), "m"),
    409,
    'Apply failed with 1 conflict: conflict with "s" with subresource "status": .status.replicas',
  );
});

test("the same value is no conflict but shared; force takes the field over", () => {
  const live = update(undefined, (draft) => (draft["spec"] = { replicas: 1 }), "u");
  const same = apply(live, config({ spec: { replicas: 1 } }), "m");
  assert.deepEqual(owners(same), {
    m: { "f:spec": { "f:replicas": {} } },
    "u updates": { "f:spec": { "f:replicas": {} } },
  });
  const forced = apply(live, config({ spec: { replicas: 2 } }), "m", { force: true });
  assert.deepEqual(spec(forced), { replicas: 2 });
  assert.deepEqual(owners(forced), { m: { "f:spec": { "f:replicas": {} } } });
});

test("what is atomic is owned and replaced as one", () => {
  const live = apply(undefined, config({ spec: { nodeSelector: { a: "1" }, tolerations: [{ key: "a" }] } }), "m");
  refused(
    () => apply(live, config({ spec: { nodeSelector: { b: "2" } } }), "n"),
    409,
    'Apply failed with 1 conflict: conflict with "m": .spec.nodeSelector',
  );
  const forced = apply(live, config({ spec: { nodeSelector: { b: "2" }, tolerations: [] } }), "n", { force: true });
  assert.deepEqual(spec(forced), { nodeSelector: { b: "2" }, tolerations: [] });
});

test("sets are merged item by item", () => {
  const live = apply(undefined, config({ metadata: { finalizers: ["a", "b"] } }), "m");
  const both = apply(live, config({ metadata: { finalizers: ["b", "c"] } }), "n");
  assert.deepEqual(both.metadata.finalizers, ["a", "b", "c"]);
  assert.deepEqual(apply(both, config({}), "m").metadata.finalizers, ["b", "c"]);
});

const ORDERS: readonly (readonly [live: string, applied: string, result: string])[] = [
  ["abc", "", "abc"],
  ["abc", "c", "abc"],
  ["abc", "cb", "acb"],
  ["abc", "d", "abcd"],
  ["abc", "da", "dabc"],
  ["abc", "cad", "bcad"],
  ["ab", "ba", "ba"],
  ["", "ba", "ba"],
  ["abcd", "dxa", "bcdxa"],
];

test("lists are in the order of the configuration as far as the live list allows it", () => {
  const named = (names: string) => names.split("").map((name) => ({ name }));
  for (const [before, applied, result] of ORDERS) {
    const live = update(undefined, (draft) => (draft["spec"] = { containers: named(before) }), "u");
    const after = apply(live, config({ spec: { containers: named(applied) } }), "m");
    const order = (spec(after)?.["containers"] as { name: string }[] | undefined) ?? [];
    assert.equal(order.map(({ name }) => name).join(""), result, `${before} + ${applied}`);
  }
});

test("configurations that do not fit are refused", () => {
  const check = (applied: Map, code: number, message: string) =>
    refused(() => apply(undefined, applied, "m"), code, message);
  const typed = (message: string) =>
    `failed to create typed patch object (d/w; example.io/v1, Kind=Workload): ${message}`;
  check({ ...config({}), apiVersion: "example.io/v2" }, 400, "invalid object type: example.io/v2, Kind=Workload");
  check({ ...config({}), apiVersion: "v1", kind: "Pod" }, 400, "invalid object type: /v1, Kind=Pod");
  check(config({ metadata: { managedFields: [] } }), 400, "metadata.managedFields must be nil");
  check(config({ spec: { odd: 1 } }), 500, typed(".spec.odd: field not declared in schema"));
  check(config({ spec: { replicas: "1" } }), 500, typed(".spec.replicas: expected numeric (int or float), got string"));
  check(config({ spec: { containers: {} } }), 500, typed(".spec.containers: expected list, got &{map[]}"));
  check(
    config({ metadata: { labels: { a: 1 } } }),
    500,
    typed(".metadata.labels.a: expected string, got &value.valueUnstructured{Value:1}"),
  );
  check(
    config({ spec: { containers: [{ name: "a" }, { name: "a" }] } }),
    500,
    typed('.spec.containers: duplicate entries for key [name="a"]'),
  );
  check(
    config({ spec: { replicas: "1", tolerations: [{ key: true }] } }),
    500,
    typed(
      "errors:\n  .spec.replicas: expected numeric (int or float), got string\n  .spec.tolerations[0].key: expected string, got &value.valueUnstructured{Value:true}",
    ),
  );
  check(
    config({ metadata: { finalizers: [null] } }),
    500,
    typed(".metadata.finalizers: element 0: associative list without keys has an element that's an explicit null"),
  );
});

test("objects without entries keep what they hold as before-first-apply", () => {
  const live = deepFreeze(
    config({ metadata: { uid: "u", labels: { a: "1" } }, spec: { replicas: 1 } }),
  ) as unknown as KubeObject;
  const after = apply(live, config({ metadata: { labels: { b: "2" } } }), "m");
  assert.deepEqual(owners(after), {
    m: { "f:metadata": { "f:labels": { "f:b": {} } } },
    "before-first-apply updates": {
      "f:metadata": { "f:labels": { ".": {}, "f:a": {} } },
      "f:spec": { "f:replicas": {} },
    },
  });
  refused(
    () => apply(live, config({ spec: { replicas: 2 } }), "m"),
    409,
    'Apply failed with 1 conflict: conflict with "before-first-apply" using example.io/v1: .spec.replicas',
  );
});

test("applying the same again changes nothing, not even the time", () => {
  const applied = config({ metadata: { labels: { a: "1" } }, spec: { containers: [{ name: "c" }] } });
  const once = apply(undefined, applied, "m", { seconds: 1 });
  const twice = apply(once, applied, "m", { seconds: 2 });
  assert.deepEqual(twice, once);
  const changed = apply(once, config({ metadata: { labels: { a: "2" } } }), "m", { seconds: 3 });
  assert.equal(changed.metadata.managedFields![0]!.time, "2026-01-01T00:00:03Z");
});

test("what a request cannot write is not claimed", () => {
  const applied = config({ spec: { replicas: 1 }, status: { replicas: 1 } });
  const main = apply(undefined, applied, "m", { reset: [["status"]] });
  assert.deepEqual(owners(main), { m: { "f:spec": { "f:replicas": {} } } });
  const status = apply(undefined, applied, "m", { subresource: "status", reset: [["spec"]] });
  assert.deepEqual(owners(status), { "m/status": { "f:status": { "f:replicas": {} } } });
});

test("null clears a field, and what is cleared is still claimed", () => {
  const live = apply(undefined, config({ spec: { replicas: 1, containers: [{ name: "c" }] } }), "m");
  const after = apply(live, config({ spec: { replicas: null, containers: [{ name: "c" }] } }), "m");
  assert.deepEqual(spec(after), { containers: [{ name: "c" }] });
  assert.equal(JSON.stringify(owners(after)).includes("f:replicas"), true);
});

const lastApplied = (applied: Map) => JSON.stringify(applied);

test("kubectl takes over what client-side apply applied, and keeps its annotation up to date", () => {
  const before = config({ metadata: { labels: { a: "1" } }, spec: { replicas: 1 } });
  const live = update(
    undefined,
    (draft) => {
      draft["spec"] = { replicas: 1 };
      Object.assign(draft.metadata, {
        labels: { a: "1" },
        annotations: { [LAST_APPLIED_ANNOTATION]: lastApplied(before) },
      });
    },
    "kubectl-client-side-apply",
  );
  const applied = config({ metadata: { labels: { a: "<2>" } }, spec: { replicas: 1 } });
  refused(
    () => apply(live, applied, "other"),
    409,
    'Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using example.io/v1: .metadata.labels.a',
  );
  const after = apply(live, applied, "kubectl");
  assert.deepEqual(after.metadata.labels, { a: "<2>" });
  assert.equal(
    after.metadata.annotations![LAST_APPLIED_ANNOTATION],
    '{"apiVersion":"example.io/v1","kind":"Workload","metadata":{"labels":{"a":"\\u003c2\\u003e"},"name":"w","namespace":"d"},"spec":{"replicas":1}}\n',
  );
});

test("kubectl does not take over what others changed since, nor without a usable annotation", () => {
  const before = config({ spec: { replicas: 1 } });
  const annotated = (annotation: string) =>
    update(
      update(
        undefined,
        (draft) => {
          draft["spec"] = { replicas: 1 };
          Object.assign(draft.metadata, { annotations: { [LAST_APPLIED_ANNOTATION]: annotation } });
        },
        "kubectl-client-side-apply",
      ),
      (draft) => (draft["spec"] = { replicas: 5 }),
      "scaler",
    );
  for (const annotation of [lastApplied(before), "{", lastApplied({ ...before, apiVersion: "example.io/v0" })]) {
    refused(
      () => apply(annotated(annotation), config({ spec: { replicas: 2 } }), "kubectl"),
      409,
      'Apply failed with 1 conflict: conflict with "scaler" using example.io/v1: .spec.replicas',
    );
  }
});

const name = fc.constantFrom("a", "b", "c");
const configs = fc
  .record(
    {
      metadata: fc.record(
        { labels: fc.dictionary(name, name, { minKeys: 1 }), finalizers: fc.uniqueArray(name, { minLength: 1 }) },
        { requiredKeys: [] },
      ),
      spec: fc.record(
        {
          replicas: fc.nat(2),
          nodeSelector: fc.dictionary(name, name, { minKeys: 1 }),
          containers: fc.uniqueArray(
            fc.record(
              { name, image: name, args: fc.array(name, { minLength: 1, maxLength: 2 }) },
              { requiredKeys: ["name"] },
            ),
            { selector: (each) => each.name, minLength: 1 },
          ),
        },
        { requiredKeys: [] },
      ),
    },
    { requiredKeys: [] },
  )
  // Made records may lack a prototype.
  .map((fields) => config(JSON.parse(JSON.stringify(fields)) as Map));

/** Whether all that a configuration says holds for an object. */
function holds(applied: unknown, object: unknown, key?: string): boolean {
  if (Array.isArray(applied)) {
    if (key !== "containers" && key !== "finalizers") return JSON.stringify(applied) === JSON.stringify(object);
    const items = (object ?? []) as unknown[];
    return applied.every((item) => items.some((other) => holds(item, other)));
  }
  if (typeof applied !== "object" || applied === null) return applied === object;
  if (key === "nodeSelector") return JSON.stringify(applied) === JSON.stringify(object);
  return Object.entries(applied).every(
    ([inner, value]) => holds(value, (object as Map | undefined)?.[inner], inner) || isEmpty(value),
  );
}

const isEmpty = (value: unknown) => typeof value === "object" && value !== null && Object.keys(value).length === 0;

/**
 * Who applies an empty `spec` owns it, and what becomes of it when its fields go differs between a first and a second
 * apply, upstream as here.
 */
const withoutEmptySpec = configs.filter((each) => !isEmpty((each as { readonly spec?: unknown }).spec));

test("after an apply by force all that was applied holds, and a second one changes nothing", () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ applied: withoutEmptySpec, manager: fc.constantFrom("m", "n") }), {
        minLength: 1,
        maxLength: 5,
      }),
      (steps) => {
        let live: KubeObject | undefined;
        for (const { applied, manager } of steps) {
          live = apply(live, applied, manager, { force: true });
          assert.ok(holds(applied, live), JSON.stringify([applied, live]));
          assert.deepEqual(apply(live, applied, manager, { seconds: 9 }), live);
        }
      },
    ),
  );
});

test("a manager that applies nothing any more leaves nothing behind", () => {
  fc.assert(
    fc.property(configs, configs, (one, other) => {
      const live = apply(undefined, one, "m");
      const both = apply(live, other, "n", { force: true });
      const emptied = apply(apply(both, config({}), "m"), config({}), "n");
      const { managedFields, uid, ...metadata } = emptied.metadata;
      assert.deepEqual([managedFields, uid], [undefined, "u"]);
      assert.deepEqual({ ...emptied, metadata }, config({}));
    }),
  );
});
