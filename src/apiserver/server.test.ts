import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ConfigMap, KubeObject } from "#objects";
import { failure, fixture, eventsOf, type Fixture } from "./testing/fixture.ts";

const CMS = "/api/v1/namespaces/default/configmaps";
const TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

const make = async (api: Fixture, ...names: string[]) => {
  for (const name of names) {
    const body = { apiVersion: "v1", kind: "ConfigMap", metadata: { name, labels: { name } }, data: { k: name } };
    assert.equal((await api.ask(`POST ${CMS}`, { body })).status, 201);
  }
};

interface Table {
  readonly kind: string;
  readonly metadata: { readonly resourceVersion?: string };
  readonly columnDefinitions: readonly { readonly name: string }[] | null;
  readonly rows: readonly { readonly cells: readonly unknown[]; readonly object: KubeObject | null }[];
}

describe("routes", () => {
  const cases: readonly (readonly [line: string, answer: string])[] = [
    ["GET /nope", "404 page not found"],
    ["GET /apis/nope.example.com/v1/things", "404 page not found"],
    ["GET /api/v2/pods", "404 NotFound: the server could not find the requested resource"],
    ["GET /api//v1", "404 NotFound: the server could not find the requested resource"],
    ["GET /apis/apps/v9/deployments", "404 NotFound: the server could not find the requested resource"],
    ["GET /apis/apps/v9", "404 NotFound: the server could not find the requested resource"],
    ["GET /version/x", "404 NotFound: the server could not find the requested resource"],
    ["GET //api/v1", "404 page not found"],
    [`GET ${CMS}/%zz`, "400 Bad Request"],
    [`GET ${CMS}/a%2Fb`, "404 NotFound: the server could not find the requested resource"],
    [`GET ${CMS}/%2e%2e`, `400 BadRequest: Name parameter invalid: "..": may not be '..'`],
    [`GET ${CMS}/a%01`, '404 NotFound: configmaps "a\\x01" not found'],
    [`GET ${CMS}/.`, `400 BadRequest: Name parameter invalid: ".": may not be '.'`],
    ["GET /api/v1/namespaces/default/namespaces", "404 NotFound: the server could not find the requested resource"],
    [
      "GET /api/v1/namespaces/default/namespaces/default",
      "404 NotFound: the server could not find the requested resource",
    ],
    [
      "DELETE /api/v1/watch/namespaces/default/configmaps/a",
      "405 MethodNotAllowed: the server does not allow this method on the requested resource",
    ],
    ["HEAD /api/v1", "405 MethodNotAllowed: the server does not allow this method on the requested resource"],
    ["OPTIONS /livez", "ok"],
    [
      `GET ${CMS}/a?resourceVersion=x`,
      '500 undefined: resourceVersion: Invalid value: "x": strconv.ParseUint: parsing "x": invalid syntax',
    ],
    [
      `GET ${CMS}?resourceVersion=x`,
      '400 BadRequest: invalid resource version: resourceVersion: Invalid value: "x": strconv.ParseUint: parsing "x": invalid syntax',
    ],
    [
      `GET ${CMS}?continue=ab!`,
      "400 BadRequest: invalid continue token: continue key is not valid: illegal base64 data at input byte 2",
    ],
    ["GET /api/v1/nopes", "404 NotFound: the server could not find the requested resource"],
    ["GET /api/v1/namespaces/default/nodes", "404 NotFound: the server could not find the requested resource"],
    ["GET /api/v1/configmaps/a", "404 NotFound: the server could not find the requested resource"],
    [
      "GET /api/v1/namespaces/default/configmaps/a/nope",
      "404 NotFound: the server could not find the requested resource",
    ],
    ["GET /api/v1/namespaces/default/configmaps/a", '404 NotFound: configmaps "a" not found'],
    [
      "POST /api/v1/configmaps",
      "405 MethodNotAllowed: the server does not allow this method on the requested resource",
    ],
    [`POST ${CMS}/a`, "405 MethodNotAllowed: the server does not allow this method on the requested resource"],
    [`HEAD ${CMS}`, "405 MethodNotAllowed: the server does not allow this method on the requested resource"],
    ["DELETE /version", "405 MethodNotAllowed: the server does not allow this method on the requested resource"],
    ["GET /api/v1/namespaces/nope", '404 NotFound: namespaces "nope" not found'],
    ["GET /api/v1/namespaces/default/pods?limit=x", '400 BadRequest: strconv.ParseInt: parsing "x": invalid syntax'],
    [
      "GET /api/v1/namespaces/default/pods?resourceVersionMatch=Exact",
      '422 Invalid: ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided',
    ],
  ];
  for (const [line, expected] of cases) {
    it(`${line} is ${expected}`, async () => {
      await using api = await fixture();
      const answer = await api.ask(line);
      const text = answer.headers["content-type"] === "application/json" ? failure(answer) : answer.text.trim();
      assert.equal(text, expected);
    });
  }

  it("paths are decoded first, and may end in slashes", async () => {
    await using api = await fixture();
    await make(api, "a");
    for (const path of [`${CMS}/%61`, `${CMS}/a//`, "/api/v1/namespaces/default/%63onfigmaps/a", "/%61pi%2Fv1"]) {
      assert.equal((await api.ask(`GET ${path}`)).status, 200, path);
    }
  });

  it("options of a deletion that cannot be read are refused without more ado", async () => {
    await using api = await fixture();
    assert.equal(
      failure(await api.ask(`DELETE ${CMS}/a`, { body: { gracePeriodSeconds: "x" } })),
      "400 BadRequest: json: cannot unmarshal string into Go struct field DeleteOptions.gracePeriodSeconds of type int64",
    );
    assert.equal(
      failure(await api.ask(`DELETE ${CMS}/a`, { body: "{" })),
      "400 BadRequest: couldn't get version/kind; json parse error: unexpected end of JSON input",
    );
    assert.equal(
      failure(await api.ask(`DELETE ${CMS}/a`, { body: { apiVersion: "v1", kind: "ConfigMap" } })),
      '400 BadRequest: no kind "ConfigMap" is registered for version "v1" in scheme "pkg/apis/meta/internalversion/scheme/register.go:27"',
    );
    assert.match(
      failure(await api.ask(`DELETE ${CMS}/a`, { body: { propagationPolicy: "X" } })),
      /supported values: "Foreground", "Background", "Orphan", "nil"$/,
    );
  });

  it("a namespace and what is in it are told apart", async () => {
    await using api = await fixture();
    assert.equal((await api.ask("GET /api/v1/namespaces/default")).json<KubeObject>().kind, "Namespace");
    assert.equal((await api.ask("GET /api/v1/namespaces/default/status")).json<KubeObject>().kind, "Namespace");
    assert.equal((await api.ask("GET /api/v1/namespaces/default/pods")).json<{ kind: string }>().kind, "PodList");
  });

  it("says which methods there are", async () => {
    await using api = await fixture();
    const answer = await api.ask(`PUT ${CMS}`, { body: {} });
    assert.equal(answer.status, 405);
    assert.equal(answer.headers["allow"], "POST, DELETE, GET");
  });
});

describe("who may what", () => {
  it("without credentials only health and version answer", async () => {
    await using api = await fixture();
    for (const path of ["/healthz", "/livez", "/readyz", "/version"]) {
      assert.equal((await api.ask(`GET ${path}`, { as: "" })).status, 200, path);
    }
    assert.equal(
      failure(await api.ask("GET /api", { as: "" })),
      '403 Forbidden: forbidden: User "system:anonymous" cannot get path "/api"',
    );
    assert.equal(
      failure(await api.ask(`GET ${CMS}/a`, { as: "" })),
      '403 Forbidden: configmaps "a" is forbidden: User "system:anonymous" cannot get resource "configmaps" in API group "" in the namespace "default"',
    );
    assert.equal(failure(await api.ask("GET /healthz", { as: "wrong" })), "401 Unauthorized: Unauthorized");
  });

  it("knows who asks, and whom they act as", async () => {
    await using api = await fixture();
    const review = { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" };
    const path = "POST /apis/authentication.k8s.io/v1/selfsubjectreviews";
    const who = async (headers: Record<string, string | string[]>, as = "admin") =>
      (await api.ask(path, { body: review, headers, as })).json<{ status: { userInfo: unknown } }>().status.userInfo;
    assert.deepEqual(await who({}, "nobody"), { username: "nobody", groups: ["system:authenticated"] });
    assert.deepEqual(
      await who({ "impersonate-user": "jane", "impersonate-group": ["dev", "ops"], "impersonate-extra-scopes": "x" }),
      { username: "jane", groups: ["dev", "ops", "system:authenticated"], extra: { scopes: ["x"] } },
    );
    const refused = await api.ask("GET /api", { as: "nobody", headers: { "impersonate-user": "admin" } });
    assert.equal(
      failure(refused),
      '403 Forbidden: users "admin" is forbidden: User "nobody" cannot impersonate resource "users" in API group "" at the cluster scope',
    );
    assert.equal((await api.ask("GET /api", { headers: { "impersonate-group": "dev" } })).status, 400);
  });

  it("answers what somebody may do", async () => {
    await using api = await fixture();
    const ask = async (kind: string, spec: object) =>
      (
        await api.ask(`POST /apis/authorization.k8s.io/v1/${kind.toLowerCase()}s`, {
          body: { apiVersion: "authorization.k8s.io/v1", kind, spec },
        })
      ).json<{ status: Record<string, unknown> }>().status;
    const resourceAttributes = { verb: "get", resource: "pods", namespace: "default" };
    assert.deepEqual(await ask("SelfSubjectAccessReview", { resourceAttributes }), { allowed: true });
    assert.deepEqual(await ask("SubjectAccessReview", { user: "jane", resourceAttributes }), { allowed: false });
    assert.equal((await ask("SelfSubjectRulesReview", { namespace: "default" }))["incomplete"], false);
  });
});

describe("lists", () => {
  it("are the items without their type, at a revision", async () => {
    await using api = await fixture();
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
    await using api = await fixture();
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
    await using api = await fixture();
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
    await using api = await fixture();
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
    await using api = await fixture();
    const review = "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    const body = { spec: { nonResourceAttributes: { path: "/", verb: "get" } } };
    const only = TABLE.split(",", 1)[0]!;
    assert.equal((await api.ask(review, { headers: { accept: only }, body })).status, 406);
    const fallen = await api.ask(review, { headers: { accept: TABLE }, body });
    assert.equal(fallen.json<KubeObject>().kind, "SelfSubjectAccessReview");
  });

  it("as metadata leave out everything else", async () => {
    await using api = await fixture();
    await make(api, "a");
    const accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
    const list = (await api.ask(`GET ${CMS}`, { headers: { accept } })).json<{ kind: string; items: KubeObject[] }>();
    assert.equal(list.kind, "PartialObjectMetadataList");
    assert.deepEqual(Object.keys(list.items[0]!), ["kind", "apiVersion", "metadata"]);
    assert.equal((await api.ask(`GET ${CMS}/a`, { headers: { accept } })).status, 406);
  });

  it("come in the form that the client takes", async () => {
    await using api = await fixture();
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

  it("are refused to who takes nothing of it, indented", async () => {
    await using api = await fixture();
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

  it("as metadata of nothing have no items at all", async () => {
    await using api = await fixture();
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
      await using api = await fixture();
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

  it("lists in YAML are not indented", async () => {
    await using api = await fixture();
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

describe("watches", () => {
  it("send each change once, and the same bytes to all", async () => {
    await using api = await fixture();
    await make(api, "a");
    const stop = new AbortController();
    const line = `GET ${CMS}?watch=true&resourceVersion=0`;
    const framesOf = async () => {
      const response = await api.open(line, { signal: stop.signal });
      assert.equal(response.headers["content-type"], "application/json");
      assert.ok(response.body.type === "stream");
      return response.body.stream[Symbol.asyncIterator]();
    };
    const watches = [await framesOf(), await framesOf()];
    const next = () =>
      Promise.all(
        watches.map(async (frames) => {
          const { value } = (await frames.next()) as IteratorResult<readonly Uint8Array[], undefined>;
          assert.equal(value?.length, 1);
          return value[0]!;
        }),
      );
    const [first, same] = await next();
    assert.equal(first, same, "made once");
    const { type, object } = JSON.parse(new TextDecoder().decode(first)) as { type: string; object: ConfigMap };
    assert.equal(`${type} ${object.kind} ${object.metadata.name}`, "ADDED ConfigMap a");
    await make(api, "b");
    const [second, again] = await next();
    assert.equal(second, again);
    assert.match(new TextDecoder().decode(second), /^\{"type":"ADDED","object":\{.*"name":"b".*\}\}\n$/);
    stop.abort();
  });

  it("end with an ERROR when the version is too old, and refuse what they cannot read", async () => {
    await using api = await fixture();
    assert.equal((await api.ask(`GET ${CMS}?watch=true&labelSelector=a%20b`)).status, 400);
    assert.equal((await api.ask(`GET ${CMS}?watch=true&fieldSelector=spec.nope%3D1`)).status, 400);
    assert.equal((await api.ask(`GET ${CMS}?watch=true&sendInitialEvents=true`)).status, 422);
    assert.equal((await api.ask(`GET ${CMS}?watch=1&resourceVersion=x`)).status, 500);
  });

  it("as tables name the columns once", async () => {
    await using api = await fixture();
    await make(api, "a", "b");
    const stop = new AbortController();
    const response = await api.open(`GET ${CMS}?watch=true&resourceVersion=0`, {
      headers: { accept: TABLE },
      signal: stop.signal,
    });
    const events = eventsOf(response);
    const tables = [(await events.next()).value, (await events.next()).value].map(
      (event) => event?.object as unknown as Table,
    );
    assert.equal(tables[0]?.columnDefinitions?.length, 3);
    assert.equal(tables[1]?.columnDefinitions, null);
    assert.deepEqual(
      tables.map((table) => table.rows[0]?.cells[0]),
      ["a", "b"],
    );
    stop.abort();
  });

  it("of one object, by the old path", async () => {
    await using api = await fixture();
    await make(api, "a", "b");
    const stop = new AbortController();
    const response = await api.open(`GET /api/v1/watch/namespaces/default/configmaps/b`, { signal: stop.signal });
    const { value } = await eventsOf(response).next();
    assert.ok(value);
    assert.equal((value.object as unknown as ConfigMap).metadata.name, "b");
    stop.abort();
  });
});

describe("beside the API", () => {
  it("health is told in parts", async () => {
    const more = {
      health: { readyz: [{ name: "store", check: () => Promise.reject(new Error("full")) }] },
    };
    await using api = await fixture({ more });
    assert.equal((await api.ask("GET /livez")).text, "ok");
    assert.equal((await api.ask("GET /livez?verbose")).text, "[+]ping ok\nlivez check passed\n");
    const ready = await api.ask("GET /readyz");
    assert.equal(ready.status, 500);
    assert.equal(ready.text, "[+]ping ok\n[-]store failed: reason withheld\nreadyz check failed\n");
    assert.equal((await api.ask("GET /readyz?exclude=store")).text, "ok");
    assert.equal((await api.ask("GET /readyz/store")).text, "internal server error: full\n");
    assert.equal((await api.ask("GET /readyz/ping")).text, "ok");
    assert.equal((await api.ask("GET /readyz/nope")).status, 404);
    assert.match(
      (await api.ask("GET /livez?verbose&exclude=nope")).text,
      /warn: some health checks cannot be excluded: no matches for "nope"/,
    );
  });

  it("metrics count what was asked", async () => {
    await using api = await fixture();
    await make(api, "a");
    await api.ask(`GET ${CMS}/a`);
    await api.ask(`GET ${CMS}/a`);
    const { text } = await api.ask("GET /metrics");
    assert.match(
      text,
      /^apiserver_request_total\{verb="GET",dry_run="",group="",version="v1",resource="configmaps",subresource="",scope="resource",component="apiserver",code="200"\} 2$/m,
    );
    assert.match(text, /^apiserver_storage_objects\{group="",resource="configmaps"\} 1$/m);
    assert.match(text, /^apiserver_request_duration_seconds_bucket\{.*le="\+Inf"\} \d+$/m);
  });

  it("OpenAPI documents are named by their hash", async () => {
    await using api = await fixture();
    const index = (await api.ask("GET /openapi/v3")).json<{ paths: Record<string, { serverRelativeURL: string }> }>();
    const url = index.paths["apis/apps/v1"]!.serverRelativeURL;
    const document = await api.ask(`GET ${url}`);
    assert.equal(document.status, 200);
    assert.match(String(document.headers["cache-control"]), /immutable/);
    const again = await api.ask(`GET ${url}`, { headers: { "if-none-match": String(document.headers["etag"]) } });
    assert.equal(again.status, 304);
    const moved = await api.ask("GET /openapi/v3/apis/apps/v1?hash=OLD");
    assert.equal(moved.status, 301);
    assert.equal(moved.headers["location"], url);
    assert.equal((await api.ask("GET /openapi/v3/apis/nope/v1")).status, 404);
  });

  it("connects nowhere without a node", async () => {
    await using api = await fixture();
    assert.equal((await api.ask("GET /api/v1/namespaces/default/pods/p/log")).status, 503);
    assert.equal((await api.ask("GET /api/v1/namespaces/default/pods/p/exec?command=ls")).status, 503);
    assert.equal((await api.ask("PUT /api/v1/namespaces/default/pods/p/log")).status, 405);
  });
});
