import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  API_AUDIENCES,
  authenticators,
  authorizers,
  bearerTokens,
  clientCertificates,
  discoveryPaths,
  impersonation,
  issuerPaths,
  parseServiceAccount,
  privilegedGroup,
  publicPaths,
  refusal,
  staticTokens,
  withAnonymousUsers,
  type Attributes,
} from "./index.ts";

const attributes = (more: Partial<Attributes> = {}): Attributes => ({
  user: { username: "jane", groups: [] },
  verb: "get",
  path: "/",
  isResource: false,
  group: "",
  version: "",
  resource: "",
  subresource: "",
  namespace: "",
  name: "",
  ...more,
});

describe("authentication", () => {
  const chain = withAnonymousUsers(
    authenticators(clientCertificates(), staticTokens({ secret: { username: "robot", groups: ["bots"] } })),
  );

  it("reads a certificate's names as user and groups", async () => {
    const peer = { certificate: { commonName: "jane", organizations: ["dev", "dev"], sha256: "ab" } };
    const found = await chain.authenticate({ headers: {}, peer });
    assert.deepEqual(found, {
      type: "user",
      user: {
        username: "jane",
        groups: ["dev", "system:authenticated"],
        extra: { "authentication.kubernetes.io/credential-id": ["X509SHA256=ab"] },
      },
    });
    const again = await chain.authenticate({ headers: {}, peer });
    assert.equal(again, found, "made once for each connection");
  });

  it("knows tokens, and refuses others", async () => {
    const bearer = (token: string) => chain.authenticate({ headers: { authorization: `Bearer ${token}` } });
    assert.deepEqual(await bearer("secret"), {
      type: "user",
      user: { username: "robot", groups: ["bots", "system:authenticated"] },
      audiences: API_AUDIENCES,
    });
    assert.equal((await bearer("guess")).type, "invalid");
    assert.equal((await bearer("__proto__")).type, "invalid");
    assert.equal((await bearer("secret more")).type, "user", "what follows the token is not looked at");
  });

  it("takes a token only for the audiences that it is for", async () => {
    const of = (audiences: readonly string[]) =>
      chain.authenticate({ headers: { authorization: "Bearer secret" }, audiences });
    assert.deepEqual(await of(["vault"]), { type: "invalid", reason: "invalid bearer token" });
    const found = await of(["vault", ...API_AUDIENCES]);
    assert.deepEqual(found.type === "user" && found.audiences, API_AUDIENCES);
  });

  it("says why a token is refused behind what upstream's loopback token says", async () => {
    const refusing = bearerTokens(() => Promise.resolve({ type: "refused", reason: "too late" }));
    assert.deepEqual(await refusing.authenticate({ headers: { authorization: "bearer x" } }), {
      type: "invalid",
      reason: "[invalid bearer token, too late]",
    });
  });

  it("takes a client without credentials that it reads for anonymous, and one with a bad certificate for none", async () => {
    for (const headers of [{}, { authorization: "Basic eDp5" }, { authorization: "Bearer  x" }]) {
      assert.deepEqual(await chain.authenticate({ headers }), {
        type: "user",
        user: { username: "system:anonymous", groups: ["system:unauthenticated"] },
        audiences: API_AUDIENCES,
      });
    }
    const refused = await authenticators(clientCertificates()).authenticate({
      headers: {},
      peer: { refused: "expired" },
    });
    assert.deepEqual(refused, { type: "invalid", reason: "expired" });
  });
});

describe("authorization", () => {
  const chain = authorizers(privilegedGroup(), publicPaths, discoveryPaths);
  const decided = async (path: string, group: string, verb = "get") =>
    (await chain.authorize(attributes({ path, verb, user: { username: "jane", groups: [group] } }))).decision;

  it("lets masters do everything", async () => {
    assert.equal(await decided("/anything", "system:masters", "delete"), "allow");
  });

  it("lets every client get health and version, and nothing below them", async () => {
    for (const group of ["system:unauthenticated", "system:authenticated"]) {
      for (const path of ["/healthz", "/livez", "/readyz", "/version", "/version/"]) {
        assert.equal(await decided(path, group), "allow", path);
        assert.equal(await decided(path, group, "post"), "no-opinion", path);
      }
      for (const path of ["/healthz/", "/healthz/etcd", "/metrics", "/healthzx", "/version/x"]) {
        assert.equal(await decided(path, group), "no-opinion", path);
      }
    }
  });

  it("lets known users get discovery and OpenAPI, and no stranger", async () => {
    for (const path of [
      "/api",
      "/api/v1",
      "/apis",
      "/apis/",
      "/apis/apps/v1",
      "/openapi",
      "/openapi/v2",
      "/openapi/v3/api",
    ]) {
      assert.equal(await decided(path, "system:authenticated"), "allow", path);
      assert.equal(await decided(path, "system:unauthenticated"), "no-opinion", path);
    }
    for (const path of ["/apix", "/openapix", "/", "/metrics", "/logs/"]) {
      assert.equal(await decided(path, "system:authenticated"), "no-opinion", path);
    }
  });

  it("lets service accounts get what their tokens are checked with", async () => {
    const of = async (group: string) =>
      (await issuerPaths.authorize(attributes({ path: "/openid/v1/jwks", user: { username: "x", groups: [group] } })))
        .decision;
    assert.equal(await of("system:serviceaccounts"), "allow");
    assert.equal(await of("system:authenticated"), "no-opinion");
  });

  it("stops at the first that decides", async () => {
    const deny = { authorize: () => ({ decision: "deny" as const, reason: "no" }) };
    const user = { username: "root", groups: ["system:masters"] };
    assert.deepEqual(await authorizers(deny, privilegedGroup()).authorize(attributes({ user })), {
      decision: "deny",
      reason: "no",
    });
  });

  it("words refusals as upstream does", () => {
    const on = { isResource: true, group: "apps", resource: "deployments", subresource: "scale", verb: "update" };
    assert.equal(
      refusal(attributes({ ...on, namespace: "default" }), ""),
      'User "jane" cannot update resource "deployments/scale" in API group "apps" in the namespace "default"',
    );
    assert.equal(
      refusal(attributes(on), "because"),
      'User "jane" cannot update resource "deployments/scale" in API group "apps" at the cluster scope: because',
    );
    assert.equal(refusal(attributes({ path: "/<script>" }), ""), 'User "jane" cannot get path "/&lt;script&gt;"');
  });
});

describe("impersonation", () => {
  const root = { username: "root", groups: ["system:masters"] };
  const of = (headers: Record<string, string | string[]>) => impersonation(headers, root);

  it("of a service account knows its groups", () => {
    const found = of({ "impersonate-user": "system:serviceaccount:ns:bot" });
    assert.ok(found.type === "user");
    assert.deepEqual(found.user.groups, [
      "system:serviceaccounts",
      "system:serviceaccounts:ns",
      "system:authenticated",
    ]);
    assert.deepEqual(
      found.needs.map(({ resource, namespace, name }) => ({ resource, namespace, name })),
      [{ resource: "serviceaccounts", namespace: "ns", name: "bot" }],
    );
  });

  it("needs leave for every part", () => {
    const found = of({
      "impersonate-user": "jane",
      "impersonate-group": ["a", "b"],
      "impersonate-uid": "7",
      "impersonate-extra-example.com%2fscope": "x",
    });
    assert.ok(found.type === "user");
    assert.deepEqual(
      found.needs.map(({ resource, subresource, name }) => `${resource}/${subresource}/${name}`),
      ["users//jane", "groups//a", "groups//b", "userextras/example.com/scope/x", "uids//7"],
    );
    assert.deepEqual(found.user.extra, { "example.com/scope": ["x"] });
  });

  it("without a user name is refused", () => {
    assert.equal(of({}).type, "none");
    assert.equal(of({ "impersonate-group": "a" }).type, "refused");
  });

  it("of anonymous is not in system:authenticated", () => {
    const found = of({ "impersonate-user": "system:anonymous" });
    assert.deepEqual(found.type === "user" && found.user.groups, ["system:unauthenticated"]);
  });
});

it("service account names are read back", () => {
  assert.deepEqual(parseServiceAccount("system:serviceaccount:a:b"), { namespace: "a", name: "b" });
  for (const name of ["system:serviceaccount:a", "system:serviceaccount:a:b:c", "system:serviceaccount::b", "jane"]) {
    assert.equal(parseServiceAccount(name), undefined, name);
  }
});
