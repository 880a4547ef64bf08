import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CONFIG_MAPS, DEPLOYMENTS, hasReason, type ConfigMap, type Deployment, type Scale } from "#objects";
import { failure, fixture, type Fixture } from "../testing/fixture.ts";

const CMS = "/api/v1/namespaces/default/configmaps";
const DEPLOYS = "/apis/apps/v1/namespaces/default/deployments";
const json = { "content-type": "application/json" };

const configMap = (name: string, data: Record<string, string> = {}) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name },
  data,
});

const deployment = (name: string, replicas = 1) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: "c", image: "nginx" }] } },
  },
});

const created = async (api: Fixture, name = "a", data: Record<string, string> = { x: "1" }) => {
  const answer = await api.ask(`POST ${CMS}`, { body: configMap(name, data), headers: json });
  assert.equal(answer.status, 201, answer.text);
  return answer.json<ConfigMap>();
};

describe("create", () => {
  it("answers 201 with what is stored", async () => {
    await using api = await fixture();
    const object = await created(api);
    assert.equal(object.metadata.namespace, "default");
    assert.ok(object.metadata.uid && object.metadata.resourceVersion && object.metadata.creationTimestamp);
    assert.deepEqual((await api.ask(`GET ${CMS}/a`)).json(), object);
  });

  it("takes YAML", async () => {
    await using api = await fixture();
    const body = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata:\n  k: v\n";
    const answer = await api.ask(`POST ${CMS}`, { body, headers: { "content-type": "application/yaml" } });
    assert.equal(answer.status, 201, answer.text);
    assert.deepEqual(answer.json<ConfigMap>().data, { k: "v" });
  });

  it("refuses what does not match the path", async () => {
    await using api = await fixture();
    const elsewhere = { ...configMap("a"), metadata: { name: "a", namespace: "other" } };
    assert.equal(
      failure(await api.ask(`POST ${CMS}`, { body: elsewhere })),
      "400 BadRequest: the namespace of the provided object does not match the namespace sent on the request",
    );
    assert.equal(
      failure(await api.ask(`POST ${CMS}`, { body: { ...configMap("a"), apiVersion: "v2" } })),
      '400 BadRequest: ConfigMap in version "v2" cannot be handled as a ConfigMap: ' +
        'no kind "ConfigMap" is registered for version "v2" in scheme "pkg/api/legacyscheme/scheme.go:30"',
    );
    const older = { apiVersion: "autoscaling/v1", kind: "HorizontalPodAutoscaler", metadata: { name: "a" } };
    assert.equal(
      failure(await api.ask("POST /apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers", { body: older })),
      "400 BadRequest: the API version in the data (autoscaling/v1) does not match the expected API version (autoscaling/v2)",
    );
    assert.match(
      failure(await api.ask(`POST ${DEPLOYS}`, { body: { ...configMap("a"), kind: "Pod" } })),
      /^400 BadRequest: Pod in version "v1" cannot be handled as a Deployment/,
    );
  });

  it("tells of unknown fields as the client wants it", async () => {
    await using api = await fixture();
    const body = { ...configMap("a"), dat: {} };
    assert.match(
      failure(await api.ask(`POST ${CMS}?fieldValidation=Strict`, { body })),
      /cannot be handled as a ConfigMap: strict decoding error: unknown field "dat"$/,
    );
    const warned = await api.ask(`POST ${CMS}?dryRun=All`, { body });
    assert.deepEqual(warned.headers["warning"], ['299 - "unknown field \\"dat\\""']);
    const silent = await api.ask(`POST ${CMS}?dryRun=All&fieldValidation=Ignore`, { body });
    assert.equal(silent.headers["warning"], undefined);
    assert.equal((await api.ask(`GET ${CMS}/a`)).status, 404);
  });

  it("checks its parameters", async () => {
    await using api = await fixture();
    const body = configMap("a");
    assert.equal(
      failure(await api.ask(`POST ${CMS}?dryRun=Some`, { body })),
      '422 Invalid: CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["Some"]: supported values: "All"',
    );
    assert.match(
      failure(await api.ask(`POST ${CMS}?fieldManager=${"x".repeat(129)}`, { body })),
      /fieldManager: Too long: may not be more than 128 bytes$/,
    );
    assert.match(
      failure(await api.ask(`POST ${CMS}?fieldValidation=Maybe`, { body })),
      /fieldValidation: Unsupported value: "Maybe"/,
    );
  });

  it("refuses bodies that cannot be read", async () => {
    await using api = await fixture();
    assert.equal(
      failure(await api.ask(`POST ${CMS}`, { body: "x", headers: { "content-type": "text/plain" } })),
      "415 UnsupportedMediaType: the body of the request was in an unknown format - accepted media types include: application/json, application/yaml",
    );
    assert.equal((await api.ask(`POST ${CMS}`, { body: "{", headers: json })).status, 400);
    const malformed = { "content-type": "application/json;charset" };
    assert.equal((await api.ask(`POST ${CMS}`, { body: "{}", headers: malformed })).status, 415);
    assert.equal(
      failure(await api.ask(`POST ${CMS}`, { body: " ".repeat(3 * 1024 * 1024 + 1), headers: json })),
      "413 RequestEntityTooLarge: Request entity too large: limit is 3145728",
    );
  });
});

describe("update", () => {
  it("replaces, and refuses a stale version", async () => {
    await using api = await fixture();
    const object = await created(api);
    const changed = await api.ask(`PUT ${CMS}/a`, { body: { ...object, data: { x: "2" } } });
    assert.equal(changed.status, 200, changed.text);
    assert.deepEqual(changed.json<ConfigMap>().data, { x: "2" });
    assert.equal(
      failure(await api.ask(`PUT ${CMS}/a`, { body: { ...object, data: { x: "3" } } })),
      '409 Conflict: Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again',
    );
  });

  it("refuses another name", async () => {
    await using api = await fixture();
    await created(api);
    assert.equal(
      failure(await api.ask(`PUT ${CMS}/a`, { body: configMap("b") })),
      "400 BadRequest: the name of the object (b) does not match the name on the URL (a)",
    );
  });

  it("of an absent object is 404", async () => {
    await using api = await fixture();
    assert.equal(
      failure(await api.ask(`PUT ${CMS}/a`, { body: configMap("a") })),
      '404 NotFound: configmaps "a" not found',
    );
  });

  it("keeps status for its subresource", async () => {
    await using api = await fixture();
    await api.ask(`POST ${DEPLOYS}`, { body: deployment("d") });
    const body = { ...(await api.ask(`GET ${DEPLOYS}/d`)).json<Deployment>(), status: { replicas: 7 } };
    const main = (await api.ask(`PUT ${DEPLOYS}/d`, { body })).json<Deployment>();
    assert.equal(main.status?.replicas, undefined);
    const status = await api.ask(`PUT ${DEPLOYS}/d/status`, {
      body: { ...body, spec: { ...body.spec, replicas: 9 } },
    });
    assert.equal(status.status, 200, status.text);
    assert.equal(status.json<Deployment>().status?.replicas, 7);
    assert.equal(status.json<Deployment>().spec?.replicas, 1);
  });
});

describe("patch", () => {
  const patch = (api: Fixture, type: string, path: string, body: unknown) =>
    api.ask(`PATCH ${path}`, { body, headers: { "content-type": `application/${type}` } });

  it("by JSON patch, merge patch and strategic merge patch", async () => {
    await using api = await fixture();
    await created(api);
    const byJson = await patch(api, "json-patch+json", `${CMS}/a`, [{ op: "add", path: "/data/y", value: "2" }]);
    assert.deepEqual(byJson.json<ConfigMap>().data, { x: "1", y: "2" });
    const byMerge = await patch(api, "merge-patch+json", `${CMS}/a`, { data: { x: null } });
    assert.deepEqual(byMerge.json<ConfigMap>().data, { y: "2" });

    await api.ask(`POST ${DEPLOYS}`, { body: deployment("d") });
    const body = {
      spec: {
        template: {
          spec: {
            containers: [
              { name: "c", image: "httpd" },
              { name: "e", image: "x" },
            ],
          },
        },
      },
    };
    const byStrategy = await patch(api, "strategic-merge-patch+json", `${DEPLOYS}/d`, body);
    assert.equal(byStrategy.status, 200, byStrategy.text);
    assert.deepEqual(
      byStrategy.json<Deployment>().spec?.template.spec?.containers.map(({ name, image }) => `${name}=${image}`),
      ["c=httpd", "e=x"],
    );
  });

  it("of null changes nothing; a strategic one says nothing about the kind", async () => {
    await using api = await fixture();
    await created(api);
    for (const type of ["json-patch+json", "strategic-merge-patch+json"]) {
      assert.equal((await patch(api, type, `${CMS}/a`, "null")).status, 200);
    }
    const other = await patch(api, "strategic-merge-patch+json", `${CMS}/a`, { apiVersion: "v2", kind: "Pod" });
    assert.equal(other.status, 200);
  });

  describe("by strategic merge with values of wrong types is refused as upstream's converter does it", () => {
    const cases: readonly (readonly [patch: string, shown: string, detail: string])[] = [
      ['{"data":[]}', "map[data:[]]", "cannot restore map from slice"],
      ['{"data":"x"}', "map[data:x]", "cannot restore map from string"],
      ['{"data":{"a":1}}', "map[data:map[a:1]]", "cannot convert int64 to string"],
      ['{"data":{"a":1.5}}', "map[data:map[a:1.5]]", "unrecognized type: string"],
      ['{"data":{"a":{}}}', "map[data:map[a:map[]]]", "unrecognized type: string"],
      ['{"metadata":[]}', "map[metadata:[]]", "cannot restore struct from: slice"],
      ['{"metadata":{"name":5}}', "map[metadata:map[name:5]]", "cannot convert int64 to string"],
      ['{"metadata":{"finalizers":{}}}', "map[metadata:map[finalizers:map[]]]", "cannot restore slice from map"],
      [
        '{"metadata":{"ownerReferences":[1]}}',
        "map[metadata:map[ownerReferences:[1]]]",
        "cannot restore struct from: int64",
      ],
      [
        '{"metadata":{"creationTimestamp":"x"}}',
        "map[metadata:map[creationTimestamp:x]]",
        'parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"',
      ],
      ['{"immutable":"x"}', "map[immutable:x]", "unrecognized type: bool"],
      [
        '{"binaryData":{"a":"!!"}}',
        "map[binaryData:map[a:!!]]",
        "error decoding from json: illegal base64 data at input byte 0",
      ],
      ['{"kind":5}', "map[kind:5]", "cannot convert int64 to string"],
    ];
    for (const [text, shown, detail] of cases) {
      it(text, async () => {
        await using api = await fixture();
        await created(api);
        assert.equal(
          failure(await patch(api, "strategic-merge-patch+json", `${CMS}/a`, text)),
          `422 Invalid:  "" is invalid: patch: Invalid value: ${JSON.stringify(shown)}: ${detail}`,
        );
      });
    }

    it("in a Deployment", async () => {
      await using api = await fixture();
      await api.ask(`POST ${DEPLOYS}`, { body: deployment("d") });
      const refused = async (spec: object) =>
        failure(await patch(api, "strategic-merge-patch+json", `${DEPLOYS}/d`, { spec }))
          .split("]: ")
          .at(-1);
      const probe = { name: "c", livenessProbe: { httpGet: { port: true } } };
      const ends: readonly (readonly [object, RegExp])[] = [
        [{ replicas: "x" }, /: unrecognized type: int32$/],
        [{ replicas: 1.5 }, /: cannot convert float64 to int32$/],
        [{ strategy: { type: 1 } }, /: cannot convert int64 to v1.DeploymentStrategyType$/],
        [{ template: { spec: { containers: [probe] } } }, /: json: cannot unmarshal bool into Go value of type int32$/],
      ];
      for (const [spec, end] of ends) assert.match((await refused(spec)) ?? "", end);
    });
  });

  it("says what is wrong with it", async () => {
    await using api = await fixture();
    await created(api);
    const nowhere = await patch(api, "json-patch+json", `${CMS}/a`, [{ op: "remove", path: "/data/nope/x" }]);
    assert.equal(failure(nowhere), "422 Invalid: the server rejected our request due to an error in our request");
    const wrongType = await patch(api, "merge-patch+json", `${CMS}/a`, { data: { x: 5 } });
    assert.match(
      failure(wrongType),
      /^422 Invalid: {2}"" is invalid: patch: Invalid value: "\{.*json: cannot unmarshal/,
    );
    assert.equal(
      failure(await patch(api, "merge-patch+json", `${CMS}/a`, "{")),
      "400 BadRequest: error decoding patch: unexpected end of JSON input",
    );
    assert.equal(
      failure(await patch(api, "strategic-merge-patch+json", `${CMS}/a`, '{"a":}')),
      "400 BadRequest: invalid character '}' looking for beginning of value",
    );
    assert.equal(
      failure(await patch(api, "apply-patch+yaml", `${CMS}/a?fieldManager=m`, "x: [")),
      "400 BadRequest: error decoding YAML: error converting YAML to JSON: yaml: line 1: did not find expected ',' or ']'",
    );
    assert.equal(
      failure(await patch(api, "apply-patch+yaml", `${CMS}/a?fieldManager=m`, "[1]")),
      "400 BadRequest: error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go value of type map[string]interface {}",
    );
    for (const body of ["", "null", "{}", "a: b"]) {
      assert.equal(
        failure(await patch(api, "apply-patch+yaml", `${CMS}/a?fieldManager=m`, body)),
        "400 BadRequest: invalid object type: /, Kind=",
      );
    }
    const text = await patch(api, "strategic-merge-patch+json", `${CMS}/a`, '"x"');
    assert.equal(
      failure(text),
      "400 BadRequest: json: cannot unmarshal string into Go value of type map[string]interface {}",
    );
    assert.equal(
      failure(await patch(api, "merge-patch+json", `${CMS}/nope`, {})),
      '404 NotFound: configmaps "nope" not found',
    );
    assert.equal(
      failure(await patch(api, "json", `${CMS}/a`, {})),
      "415 UnsupportedMediaType: 415: Unsupported Media Type",
    );
    assert.match(
      failure(await patch(api, "merge-patch+json", `${CMS}/a`, { kind: "Pod" })),
      /^422 Invalid: {2}"" is invalid: patch: .*: converting \(v1.Pod\) to \(core.ConfigMap\): unknown conversion$/,
    );
    assert.match(
      failure(await patch(api, "merge-patch+json", `${CMS}/a?force=true`, {})),
      /force: Forbidden: may not be specified for non-apply patch$/,
    );
  });

  it("with a stale resourceVersion conflicts", async () => {
    await using api = await fixture();
    await created(api);
    const body = { metadata: { resourceVersion: "1" }, data: { z: "1" } };
    assert.equal((await patch(api, "merge-patch+json", `${CMS}/a`, body)).status, 409);
  });

  it("of many at once loses none", async () => {
    await using api = await fixture();
    await created(api);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => patch(api, "merge-patch+json", `${CMS}/a`, { data: { [`k${i}`]: "v" } })),
    );
    assert.deepEqual(
      answers.map(({ status }) => status),
      answers.map(() => 200),
    );
    assert.equal(Object.keys((await api.ask(`GET ${CMS}/a`)).json<ConfigMap>().data!).length, 21);
  });
});

describe("apply", () => {
  const apply = (api: Fixture, manager: string, data: Record<string, string>, more = "") =>
    api.ask(`PATCH ${CMS}/a?fieldManager=${manager}${more}`, {
      body: configMap("a", data),
      headers: { "content-type": "application/apply-patch+yaml" },
    });

  it("makes the object, then owns its fields", async () => {
    await using api = await fixture();
    const first = await apply(api, "one", { x: "1", y: "1" });
    assert.equal(first.status, 201, first.text);
    const second = await apply(api, "one", { x: "2" });
    assert.equal(second.status, 200);
    assert.deepEqual(second.json<ConfigMap>().data, { x: "2" });
    const other = await apply(api, "two", { x: "3" });
    assert.equal(other.status, 409);
    assert.match(failure(other), /Apply failed with 1 conflict: conflict with "one": \.data\.x/);
    const forced = await apply(api, "two", { x: "3" }, "&force=true");
    assert.deepEqual(forced.json<ConfigMap>().data, { x: "3" });
    assert.deepEqual(
      forced.json<ConfigMap>().metadata.managedFields?.map(({ manager }) => manager),
      ["two"],
    );
  });

  it("needs a manager", async () => {
    await using api = await fixture();
    const answer = await api.ask(`PATCH ${CMS}/a`, {
      body: configMap("a"),
      headers: { "content-type": "application/apply-patch+yaml" },
    });
    assert.match(failure(answer), /fieldManager: Required value: is required for apply patch$/);
  });
});

describe("delete", () => {
  it("answers with a Status once the object is gone", async () => {
    await using api = await fixture();
    const { metadata } = await created(api);
    const answer = await api.ask(`DELETE ${CMS}/a`);
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.json(), {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Success",
      details: { name: "a", kind: "configmaps", uid: metadata.uid },
    });
    assert.equal((await api.ask(`GET ${CMS}/a`)).status, 404);
  });

  it("honours preconditions and waits for finalizers", async () => {
    await using api = await fixture();
    const body = { ...configMap("a"), metadata: { name: "a", finalizers: ["example.com/x"] } };
    await api.ask(`POST ${CMS}`, { body });
    const wrong = await api.ask(`DELETE ${CMS}/a`, { body: { kind: "DeleteOptions", preconditions: { uid: "nope" } } });
    assert.equal(wrong.status, 409);
    const begun = await api.ask(`DELETE ${CMS}/a`);
    assert.ok(begun.json<ConfigMap>().metadata.deletionTimestamp);
    const released = await api.ask(`PATCH ${CMS}/a`, {
      body: { metadata: { finalizers: null } },
      headers: { "content-type": "application/merge-patch+json" },
    });
    assert.equal(released.status, 200);
    assert.equal((await api.ask(`GET ${CMS}/a`)).status, 404);
  });

  it("checks its options", async () => {
    await using api = await fixture();
    await created(api);
    assert.match(
      failure(await api.ask(`DELETE ${CMS}/a?propagationPolicy=Sideways`)),
      /^422 Invalid: DeleteOptions\.meta\.k8s\.io "" is invalid: propagationPolicy: Unsupported value: "Sideways"/,
    );
    assert.equal((await api.ask(`DELETE ${CMS}/a?gracePeriodSeconds=soon`)).status, 400);
    assert.equal((await api.ask(`DELETE ${CMS}/a`, { body: configMap("a") })).status, 400);
    assert.equal((await api.ask(`GET ${CMS}/a`)).status, 200);
  });

  it("of a collection deletes what is selected", async () => {
    await using api = await fixture();
    for (const name of ["a", "b", "c"]) {
      const metadata = { name, labels: { keep: name === "c" ? "yes" : "no" } };
      await api.ask(`POST ${CMS}`, { body: { ...configMap(name), metadata } });
    }
    const answer = await api.ask(`DELETE ${CMS}?labelSelector=keep%3Dno`);
    assert.equal(answer.status, 200);
    assert.equal(answer.json<{ items: unknown[] }>().items.length, 2);
    const left = (await api.ask(`GET ${CMS}`)).json<{ items: ConfigMap[] }>().items;
    assert.deepEqual(
      left.map(({ metadata }) => metadata.name),
      ["c"],
    );
  });
});

describe("scale", () => {
  it("is read, replaced and patched", async () => {
    await using api = await fixture();
    await api.ask(`POST ${DEPLOYS}`, { body: deployment("d", 2) });
    const scale = (await api.ask(`GET ${DEPLOYS}/d/scale`)).json<Scale>();
    assert.equal(scale.spec?.replicas, 2);
    assert.equal(scale.status?.selector, "app=d");
    const put = await api.ask(`PUT ${DEPLOYS}/d/scale`, { body: { ...scale, spec: { replicas: 3 } } });
    assert.equal(put.json<Scale>().spec?.replicas, 3, put.text);
    assert.equal((await api.ask(`PUT ${DEPLOYS}/d/scale`, { body: scale })).status, 409);
    const patched = await api.ask(`PATCH ${DEPLOYS}/d/scale`, {
      body: { spec: { replicas: 4 } },
      headers: { "content-type": "application/merge-patch+json" },
    });
    assert.equal(patched.json<Scale>().spec?.replicas, 4);
    assert.equal((await api.ask(`GET ${DEPLOYS}/d`)).json<Deployment>().spec?.replicas, 4);
    const negative = await api.ask(`PATCH ${DEPLOYS}/d/scale`, {
      body: { spec: { replicas: -1 } },
      headers: { "content-type": "application/merge-patch+json" },
    });
    assert.equal(
      failure(negative),
      '422 Invalid: Scale.autoscaling "d" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
    );
  });
});

describe("the in-process client", () => {
  it("behaves like the wire", async () => {
    await using api = await fixture();
    const { client } = api;
    const made = await client.create(CONFIG_MAPS, { metadata: { name: "a", namespace: "default" }, data: { k: "v" } });
    assert.ok(Object.isFrozen(made));
    const key = { namespace: "default", name: "a" };
    assert.equal(await client.get(CONFIG_MAPS, key), made, "shared, not copied");
    await assert.rejects(client.create(CONFIG_MAPS, { metadata: key }), (error) => hasReason(error, "AlreadyExists"));
    const patched = await client.patch(CONFIG_MAPS, key, { type: "merge", body: { data: { k: "w" } } });
    assert.deepEqual(patched.data, { k: "w" });
    const list = await client.list(CONFIG_MAPS, { namespace: "default" });
    assert.deepEqual(list.items, [patched]);
    const gone = await client.delete(CONFIG_MAPS, key);
    assert.equal(gone.kind, "Status");
  });

  it("is authorized like anyone", async () => {
    await using api = await fixture();
    const nobody = api.server.client({ username: "nobody", groups: ["system:authenticated"] });
    await assert.rejects(nobody.get(DEPLOYMENTS, { namespace: "default", name: "d" }), {
      message:
        'deployments.apps "d" is forbidden: User "nobody" cannot get resource "deployments" in API group "apps" in the namespace "default"',
    });
  });

  it("watches", async () => {
    await using api = await fixture();
    const stop = new AbortController();
    const seen: string[] = [];
    const watching = (async () => {
      for await (const batch of api.client.watch(CONFIG_MAPS, { signal: stop.signal })) {
        for (const event of batch) {
          seen.push(event.type === "BOOKMARK" ? event.type : `${event.type} ${event.object.metadata.name}`);
          if (seen.length === 3) stop.abort();
        }
      }
    })();
    const key = { namespace: "default", name: "a" };
    await api.client.create(CONFIG_MAPS, { metadata: key });
    await api.client.patch(CONFIG_MAPS, key, { type: "merge", body: { data: { a: "b" } } });
    await api.client.delete(CONFIG_MAPS, key);
    await watching;
    assert.deepEqual(seen, ["ADDED a", "MODIFIED a", "DELETED a"]);
  });
});
