import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ConfigMap, KubeObject } from "#objects";
import { failure, createApiWorld } from "./testing/world.ts";
import { make, TABLE, type Table } from "./testing/lists.ts";
import { CMS } from "./testing/objects.ts";

describe("lists", () => {
  it("are the items without their type, at a revision", async () => {
    await using api = await createApiWorld();
    await make(api, "a", "b");
    const list = (await api.ask(`GET ${CMS}`)).json<{ kind: string; metadata: object; items: ConfigMap[] }>();
    assert.equal(list.kind, "ConfigMapList");
    assert.deepEqual(
      list.items.map(({ kind, apiVersion, data }) => ({ kind, apiVersion, data })),
      [
        { kind: undefined, apiVersion: undefined, data: { k: "a" } },
        { kind: undefined, apiVersion: undefined, data: { k: "b" } },
      ],
    );
    const pretty = (await api.ask(`GET ${CMS}?pretty=true`)).json<{ items: ConfigMap[] }>();
    assert.deepEqual(
      pretty.items.map(({ data }) => data),
      [{ k: "a" }, { k: "b" }],
    );
  });

  it("are the same in every form, also when they are empty", async () => {
    await using api = await createApiWorld();
    const { parse } = await import("yaml");
    for (const names of [[], ["a", "b"]]) {
      await make(api, ...names);
      const whole = async (accept: string, query = "") => api.ask(`GET ${CMS}${query}`, { headers: { accept } });
      const yaml = parse((await whole("application/yaml")).text) as { items: KubeObject[] };
      const pretty = await whole("application/json", "?pretty=1");
      assert.equal(pretty.text, JSON.stringify(pretty.json(), null, 2));
      assert.deepEqual(yaml, pretty.json());
      assert.equal(yaml.items.length, names.length);
      const table = await whole(TABLE);
      assert.deepEqual((await whole(TABLE, "?pretty=1")).json(), table.json());
    }
  });

  it("come in pages", async () => {
    await using api = await createApiWorld();
    await make(api, "a", "b", "c");
    const first = (await api.ask(`GET ${CMS}?limit=2`)).json<{
      metadata: { continue: string; remainingItemCount: number };
      items: unknown[];
    }>();
    assert.equal(first.items.length, 2);
    assert.equal(first.metadata.remainingItemCount, 1);
    const next = (await api.ask(`GET ${CMS}?limit=2&continue=${encodeURIComponent(first.metadata.continue)}`)).json<{
      items: ConfigMap[];
    }>();
    assert.deepEqual(
      next.items.map(({ metadata }) => metadata.name),
      ["c"],
    );
  });

  it("as tables have columns, cells and what was asked for beside them", async () => {
    await using api = await createApiWorld();
    await make(api, "a");
    const headers = { accept: TABLE };
    const table = (await api.ask(`GET ${CMS}`, { headers })).json<Table>();
    assert.equal(table.kind, "Table");
    assert.deepEqual(
      table.columnDefinitions?.map(({ name }) => name),
      ["Name", "Data", "Age"],
    );
    assert.deepEqual(table.rows[0]?.cells, ["a", 1, "0s"]);
    assert.equal(table.rows[0]?.object?.kind, "PartialObjectMetadata");
    const whole = (await api.ask(`GET ${CMS}/a?includeObject=Object`, { headers })).json<Table>();
    assert.equal(whole.rows[0]?.object?.kind, "ConfigMap");
    const bare = (await api.ask(`GET ${CMS}?includeObject=None`, { headers })).json<Table>();
    assert.equal(bare.rows[0]?.object, null);
    assert.equal((await api.ask(`GET ${CMS}?includeObject=Some`, { headers })).status, 400);
  });

  it("of what is not stored have no tables", async () => {
    await using api = await createApiWorld();
    const review = "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    const body = { spec: { nonResourceAttributes: { path: "/", verb: "get" } } };
    const only = TABLE.split(",", 1)[0]!;
    assert.equal((await api.ask(review, { headers: { accept: only }, body })).status, 406);
    const fallen = await api.ask(review, { headers: { accept: TABLE }, body });
    assert.equal(fallen.json<KubeObject>().kind, "SelfSubjectAccessReview");
  });

  it("as metadata leave out everything else", async () => {
    await using api = await createApiWorld();
    await make(api, "a");
    const accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
    const list = (await api.ask(`GET ${CMS}`, { headers: { accept } })).json<{ kind: string; items: KubeObject[] }>();
    assert.equal(list.kind, "PartialObjectMetadataList");
    assert.deepEqual(Object.keys(list.items[0]!), ["kind", "apiVersion", "metadata"]);
    assert.equal((await api.ask(`GET ${CMS}/a`, { headers: { accept } })).status, 406);
  });

  it("come in the form that the client takes", async () => {
    await using api = await createApiWorld();
    await make(api, "a");
    const yaml = await api.ask(`GET ${CMS}/a`, { headers: { accept: "application/yaml" } });
    assert.equal(yaml.headers["content-type"], "application/yaml");
    assert.match(yaml.text, /^apiVersion: v1\ndata:\n {2}k: a\nkind: ConfigMap\n/);
    const fallen = await api.ask(`GET ${CMS}/a`, {
      headers: { accept: "application/vnd.kubernetes.protobuf, application/json" },
    });
    assert.equal(fallen.headers["content-type"], "application/json");
    assert.equal(
      failure(await api.ask(`GET ${CMS}/a`, { headers: { accept: "text/html" } })),
      "406 NotAcceptable: 406: Not Acceptable\n\nAvailable representations: application/json, application/yaml",
    );
  });

  it("are refused, indented, to a client that takes none of the forms", async () => {
    await using api = await createApiWorld();
    await make(api, "a");
    const refusal = async (path: string, accept: string) => {
      const answer = await api.ask(`GET ${path}`, { headers: { accept } });
      assert.equal(answer.headers["content-type"], "application/json");
      return failure(answer);
    };
    const lists = "application/json, application/yaml, application/json;stream=watch";
    assert.equal(
      await refusal(CMS, "application/*"),
      `406 NotAcceptable: 406: Not Acceptable\n\nAvailable representations: ${lists}`,
    );
    assert.equal(
      await refusal("/version", "text/html"),
      "406 NotAcceptable: 406: Not Acceptable\n\nAvailable representations: application/json",
    );
    assert.equal(
      await refusal(`${CMS}/a`, "application/json;as=Table;g=meta.k8s.io;v=v2"),
      "406 NotAcceptable: only the following media types are accepted: application/json, application/yaml",
    );
    assert.equal(
      await refusal(CMS, "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"),
      "406 NotAcceptable: you requested PartialObjectMetadata, but the requested object is a list (*core.ConfigMapList)",
    );
    const indented = await api.ask(`GET ${CMS}/a`, { headers: { accept: "text/html" } });
    assert.match(indented.text, /^\{\n {2}"kind": "Status",\n[\s\S]*\n\}$/);
    const watch = await api.ask(`GET ${CMS}?watch=1`, { headers: { accept: "application/yaml" } });
    assert.equal(watch.status, 406);
    assert.equal(watch.headers["content-type"], "application/yaml");
    assert.match(watch.text, /message: .*only the following media types are accepted: application\/json;stream=watch/);
  });

  it("have null items as metadata when they are empty", async () => {
    await using api = await createApiWorld();
    const accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
    const list = (await api.ask(`GET ${CMS}?labelSelector=no`, { headers: { accept } })).json<{ items: unknown }>();
    assert.equal(list.items, null);
  });
});

describe("the last byte", () => {
  const forms: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
    ["as they are", {}],
    ["as a table", { accept: TABLE }],
    ["as metadata", { accept: "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1" }],
    ["as metadata of a list", { accept: "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1" }],
  ];
  const paths = [CMS, `${CMS}/a`, "/api", "/apis", "/api/v1"];
  for (const [name, headers] of forms) {
    it(`of answers for programs is a newline, of those for people it is not: ${name}`, async () => {
      await using api = await createApiWorld();
      await make(api, "a");
      for (const path of paths) {
        const answer = await api.ask(`GET ${path}`, { headers });
        if (answer.status === 406) continue;
        assert.equal(answer.status, 200);
        assert.match(answer.text, /^\{[^\n]*\}\n$/, path);
        const shown = await api.ask(`GET ${path}`, { headers: { ...headers, "user-agent": "curl/8" } });
        assert.match(shown.text, /^\{\n {2}"[\s\S]*\n\}$/, path);
      }
    });
  }

  it("are not indented in YAML", async () => {
    await using api = await createApiWorld();
    const body = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a", finalizers: ["x.io/a", "x.io/b"] } };
    await api.ask(`POST ${CMS}`, { body });
    const headers = { accept: "application/yaml" };
    assert.match(
      (await api.ask(`GET ${CMS}/a`, { headers })).text,
      /\n {2}finalizers:\n {2}- x.io\/a\n {2}- x.io\/b\n/,
    );
    const list = (await api.ask(`GET ${CMS}`, { headers })).text;
    assert.match(list, /\nitems:\n- metadata:\n/, "without their kind, as in JSON");
    assert.match(list, /\n {4}finalizers:\n {4}- x.io\/a\n {4}- x.io\/b\n/);
  });
});
