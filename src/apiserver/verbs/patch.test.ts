import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ConfigMap, Deployment } from "#objects";
import { failure, createApiWorld, type ApiWorld } from "../testing/world.ts";
import { CMS, configMap, created, deployment, DEPLOYS } from "../testing/objects.ts";

describe("patch", () => {
  const patch = (api: ApiWorld, type: string, path: string, body: unknown) =>
    api.ask(`PATCH ${path}`, { body, headers: { "content-type": `application/${type}` } });

  it("by JSON patch, merge patch and strategic merge patch changes what each of them says", async () => {
    await using api = await createApiWorld();
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

  it("of null changes nothing, and a strategic one may name another kind", async () => {
    await using api = await createApiWorld();
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
      it(`of the object: ${text}`, async () => {
        await using api = await createApiWorld();
        await created(api);
        assert.equal(
          failure(await patch(api, "strategic-merge-patch+json", `${CMS}/a`, text)),
          `422 Invalid:  "" is invalid: patch: Invalid value: ${JSON.stringify(shown)}: ${detail}`,
        );
      });
    }

    it("of numbers, structs and lists in a Deployment", async () => {
      await using api = await createApiWorld();
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

  it("that is malformed or does not fit is refused with the fault", async () => {
    await using api = await createApiWorld();
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
    await using api = await createApiWorld();
    await created(api);
    const body = { metadata: { resourceVersion: "1" }, data: { z: "1" } };
    assert.equal((await patch(api, "merge-patch+json", `${CMS}/a`, body)).status, 409);
  });

  it("of many at once loses none", async () => {
    await using api = await createApiWorld();
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
  const apply = (api: ApiWorld, manager: string, data: Record<string, string>, more = "") =>
    api.ask(`PATCH ${CMS}/a?fieldManager=${manager}${more}`, {
      body: configMap("a", data),
      headers: { "content-type": "application/apply-patch+yaml" },
    });

  it("creates the object, then owns its fields, and conflicts with other managers unless forced", async () => {
    await using api = await createApiWorld();
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

  it("without a field manager is refused", async () => {
    await using api = await createApiWorld();
    const answer = await api.ask(`PATCH ${CMS}/a`, {
      body: configMap("a"),
      headers: { "content-type": "application/apply-patch+yaml" },
    });
    assert.match(failure(answer), /fieldManager: Required value: is required for apply patch$/);
  });
});
