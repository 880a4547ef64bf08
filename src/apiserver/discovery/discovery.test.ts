import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { failure, createApiWorld } from "../testing/world.ts";

const AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

describe("discovery", () => {
  it("a group is served by the aggregator: in any form that can be negotiated, whatever the method", async () => {
    await using api = await createApiWorld();
    for (const path of ["/apis", "/apis/", "/apis/apps", "/apis/apps/"]) {
      for (const method of ["GET", "POST", "DELETE", "HEAD", "FOO"]) {
        const answer = await api.ask(`${method} ${path}`, { headers: { accept: "application/*" } });
        assert.equal(answer.status, 200, `${method} ${path}`);
        assert.equal(answer.headers["content-type"], "application/json");
      }
      assert.equal(
        failure(await api.ask(`GET ${path}`, { headers: { accept: "text/html" } })),
        "406 NotAcceptable: only the following media types are accepted: application/json, application/yaml",
      );
    }
  });

  it("a version is served by the router: with GET alone, in a form that the client names", async () => {
    await using api = await createApiWorld();
    for (const path of ["/api", "/api/", "/api/v1", "/apis/apps/v1", "/apis/apps/v1/"]) {
      assert.match(
        failure(await api.ask(`GET ${path}`, { headers: { accept: "application/*" } })),
        /^406 NotAcceptable: 406: Not Acceptable/,
      );
      assert.equal((await api.ask(`POST ${path}`)).status, 405);
    }
  });

  it("everything at once is given to a client that also takes the plain form, in whichever order", async () => {
    await using api = await createApiWorld();
    const kindAt = async (path: string, accept: string) =>
      (await api.ask(`GET ${path}`, { headers: { accept } })).json<{ kind: string }>().kind;
    for (const accept of [`${AGGREGATED},application/json`, `application/json,${AGGREGATED}`]) {
      assert.equal(await kindAt("/apis", accept), "APIGroupDiscoveryList");
      assert.equal(await kindAt("/api/", accept), "APIGroupDiscoveryList");
      assert.equal(await kindAt("/apis/", accept), "APIGroupList");
      assert.equal(await kindAt("/apis/apps", accept), "APIGroup");
    }
  });

  it("a resource that is stored names what as, by upstream's short hash; a review or a subresource does not", async () => {
    await using api = await createApiWorld();
    const hashes = async (path: string) => {
      const { resources } = (await api.ask(`GET ${path}`)).json<{
        resources: readonly { readonly name: string; readonly storageVersionHash?: string }[];
      }>();
      return Object.fromEntries(resources.map(({ name, storageVersionHash }) => [name, storageVersionHash]));
    };
    const core = await hashes("/api/v1");
    assert.equal(core["pods"], "xPOwRZ+Yhw8=");
    assert.equal(core["pods/status"], undefined);
    assert.equal(core["componentstatuses"], undefined);
    assert.equal((await hashes("/apis/authorization.k8s.io/v1"))["subjectaccessreviews"], undefined);
    // Both versions are stored as v2, both groups as events of the core.
    const [v1, v2] = [await hashes("/apis/autoscaling/v1"), await hashes("/apis/autoscaling/v2")];
    assert.equal(v1["horizontalpodautoscalers"], v2["horizontalpodautoscalers"]);
    assert.equal((await hashes("/apis/events.k8s.io/v1"))["events"], core["events"]);
  });
});
