import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ConfigMap, KubeObject } from "#objects";
import { failure, createApiWorld, eventsOf } from "./testing/world.ts";
import { make, TABLE, type Table } from "./testing/lists.ts";
import { CMS } from "./testing/objects.ts";

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
    ["GET /api/v1/namespaces/default/pods?limit=", '400 BadRequest: strconv.ParseInt: parsing "": invalid syntax'],
    [`GET ${CMS}?watch=1&timeoutSeconds=`, '400 BadRequest: strconv.ParseInt: parsing "": invalid syntax'],
    [
      `GET ${CMS}?limit=9223372036854775808`,
      '400 BadRequest: strconv.ParseInt: parsing "9223372036854775808": value out of range',
    ],
    [`DELETE ${CMS}/a?gracePeriodSeconds=9007199254740993`, '404 NotFound: configmaps "a" not found'],
    [
      `DELETE ${CMS}/a?propagationPolicy=`,
      '422 Invalid: DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Unsupported value: "": supported values: "Foreground", "Background", "Orphan", "nil"',
    ],
    [
      `GET ${CMS}?watch=1&continue=abc`,
      '422 Invalid: ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided',
    ],
    [
      "GET /api/v1/watch/configmaps?sendInitialEvents=true",
      '422 Invalid: ListOptions.meta.k8s.io "" is invalid: sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list',
    ],
    [
      `GET ${CMS}?labelSelector=a%20b&sendInitialEvents=true`,
      "400 BadRequest: unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt",
    ],
    [
      "GET /api/v1/watch/namespaces/default/configmaps/a?fieldSelector=metadata.name%3Db&resourceVersionMatch=Exact",
      '422 Invalid: ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided',
    ],
    ["POST /apis/apps/v1", "405 MethodNotAllowed: the server does not allow this method on the requested resource"],
    [`FOO ${CMS}`, "405 MethodNotAllowed: the server does not allow this method on the requested resource"],
    ["GET /healthz/", "404 page not found"],
    ["GET /readyz/ping/", "404 page not found"],
    [
      "GET /api/v1/namespaces/default/pods?resourceVersionMatch=Exact",
      '422 Invalid: ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided',
    ],
  ];
  for (const [line, expected] of cases) {
    it(`${line} is ${expected}`, async () => {
      await using api = await createApiWorld();
      const answer = await api.ask(line);
      const text = answer.headers["content-type"] === "application/json" ? failure(answer) : answer.text.trim();
      assert.equal(text, expected);
    });
  }

  it("paths are decoded first, and may end in slashes", async () => {
    await using api = await createApiWorld();
    await make(api, "a");
    for (const path of [`${CMS}/%61`, `${CMS}/a//`, "/api/v1/namespaces/default/%63onfigmaps/a", "/%61pi%2Fv1"]) {
      assert.equal((await api.ask(`GET ${path}`)).status, 200, path);
    }
  });

  it("options of a deletion that cannot be read are refused without more ado", async () => {
    await using api = await createApiWorld();
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

  it("a deletion by query names what must be found, as one by body does", async () => {
    await using api = await createApiWorld();
    await make(api, "a");
    const { uid, resourceVersion } = (await api.ask(`GET ${CMS}/a`)).json<ConfigMap>().metadata;
    assert.equal((await api.ask(`DELETE ${CMS}/a?uid=other`)).status, 409);
    assert.equal((await api.ask(`DELETE ${CMS}/a?resourceVersion=1`)).status, 409);
    assert.equal((await api.ask(`DELETE ${CMS}/a?uid=${uid}&resourceVersion=${resourceVersion}`)).status, 200);
  });

  it("a watch from whatever is newest marks where that ends, for a client that takes bookmarks", async () => {
    await using api = await createApiWorld();
    await make(api, "a");
    const stop = new AbortController();
    const events = eventsOf(await api.open(`GET ${CMS}?watch=1&allowWatchBookmarks=true`, { signal: stop.signal }));
    const [added, mark] = [(await events.next()).value, (await events.next()).value];
    assert.equal(added?.type, "ADDED");
    assert.equal(mark?.type, "BOOKMARK");
    assert.deepEqual((mark.object as unknown as ConfigMap).metadata.annotations, {
      "k8s.io/initial-events-end": "true",
    });
    stop.abort();
  });

  it("lead to a namespace or to what is in it", async () => {
    await using api = await createApiWorld();
    assert.equal((await api.ask("GET /api/v1/namespaces/default")).json<KubeObject>().kind, "Namespace");
    assert.equal((await api.ask("GET /api/v1/namespaces/default/status")).json<KubeObject>().kind, "Namespace");
    assert.equal((await api.ask("GET /api/v1/namespaces/default/pods")).json<{ kind: string }>().kind, "PodList");
  });

  it("answer a wrong method with 405 and those that there are", async () => {
    await using api = await createApiWorld();
    const answer = await api.ask(`PUT ${CMS}`, { body: {} });
    assert.equal(answer.status, 405);
    assert.equal(answer.headers["allow"], "POST, DELETE, GET");
  });
});

describe("authentication and authorization", () => {
  it("without credentials only health and version answer", async () => {
    await using api = await createApiWorld();
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

  it("answers which user asks, and whom it acts as", async () => {
    await using api = await createApiWorld();
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

  it("answers whose token it is, and for which of the audiences that are asked about", async () => {
    await using api = await createApiWorld();
    const review = async (spec: object) =>
      api.ask("POST /apis/authentication.k8s.io/v1/tokenreviews", {
        body: { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec },
      });
    const status = async (spec: object) => (await review(spec)).json<{ status: unknown }>().status;
    const user = { username: "nobody", groups: ["system:authenticated"] };
    const audiences = ["https://kubernetes.default.svc.cluster.local"];
    assert.deepEqual(await status({ token: "nobody" }), { authenticated: true, user, audiences });
    assert.deepEqual(await status({ token: "nobody", audiences: ["vault", ...audiences] }), {
      authenticated: true,
      user,
      audiences,
    });
    const refused = { user: {}, error: "invalid bearer token" };
    assert.deepEqual(await status({ token: "nobody", audiences: ["vault"] }), refused);
    assert.deepEqual(await status({ token: "guess" }), refused);
    assert.equal(
      failure(await review({ token: "" })),
      "400 BadRequest: token is required for TokenReview in authentication",
    );
  });

  it("answers what a user may do, by access and rules reviews", async () => {
    await using api = await createApiWorld();
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

describe("watches", () => {
  it("send each change once, and the same bytes to all", async () => {
    await using api = await createApiWorld();
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
    await using api = await createApiWorld();
    assert.equal((await api.ask(`GET ${CMS}?watch=true&labelSelector=a%20b`)).status, 400);
    assert.equal((await api.ask(`GET ${CMS}?watch=true&fieldSelector=spec.nope%3D1`)).status, 400);
    assert.equal((await api.ask(`GET ${CMS}?watch=true&sendInitialEvents=true`)).status, 422);
    assert.equal((await api.ask(`GET ${CMS}?watch=1&resourceVersion=x`)).status, 500);
  });

  it("as tables name the columns once", async () => {
    await using api = await createApiWorld();
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

  it("show one object alone by the old path", async () => {
    await using api = await createApiWorld();
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
  it("tells other systems how to check the tokens of service accounts, where there is an issuer", async () => {
    const key = { use: "sig", kty: "EC", kid: "k", crv: "P-256", alg: "ES256", x: "x", y: "y" };
    const tokenIssuer = { issuer: "https://issuer", keys: () => Promise.resolve([key]) };
    await using api = await createApiWorld({ more: { tokenIssuer, serverAddress: () => "1.2.3.4:5" } });
    const configuration = await api.ask("GET /.well-known/openid-configuration");
    assert.equal(
      configuration.text,
      '{"issuer":"https://issuer","jwks_uri":"https://1.2.3.4:5/openid/v1/jwks","response_types_supported":["id_token"],"subject_types_supported":["public"],"id_token_signing_alg_values_supported":["ES256"]}',
    );
    assert.equal(configuration.headers["content-type"], "application/json");
    const keys = await api.ask("GET /openid/v1/jwks");
    assert.deepEqual(keys.json(), { keys: [key] });
    assert.equal(keys.headers["content-type"], "application/jwk-set+json");
    assert.equal(keys.headers["cache-control"], "public, max-age=3600");
    assert.equal((await api.ask("POST /openid/v1/jwks")).status, 405);
    await using without = await createApiWorld();
    assert.equal((await without.ask("GET /openid/v1/jwks")).status, 404);
  });

  it("health is told in parts", async () => {
    const more = {
      health: { readyz: [{ name: "store", check: () => Promise.reject(new Error("full")) }] },
    };
    await using api = await createApiWorld({ more });
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
    await using api = await createApiWorld();
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
    await using api = await createApiWorld();
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
    await using api = await createApiWorld();
    assert.equal((await api.ask("GET /api/v1/namespaces/default/pods/p/log")).status, 503);
    assert.equal((await api.ask("GET /api/v1/namespaces/default/pods/p/exec?command=ls")).status, 503);
    assert.equal((await api.ask("PUT /api/v1/namespaces/default/pods/p/log")).status, 405);
  });
});
