import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  CONFIG_MAPS,
  DEPLOYMENTS,
  hasReason,
  type ConfigMap,
  type Deployment,
  type LimitRange,
  type Pod,
  type Scale,
} from "#objects";
import { admissionChain } from "#admission";
import { failure, createApiWorld } from "../testing/world.ts";
import { CMS, configMap, created, deployment, DEPLOYS, json } from "../testing/objects.ts";

describe("create", () => {
  it("answers 201 with what is stored", async () => {
    await using api = await createApiWorld();
    const object = await created(api);
    assert.equal(object.metadata.namespace, "default");
    assert.ok(object.metadata.uid && object.metadata.resourceVersion && object.metadata.creationTimestamp);
    assert.deepEqual((await api.ask(`GET ${CMS}/a`)).json(), object);
  });

  it("takes YAML", async () => {
    await using api = await createApiWorld();
    const body = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata:\n  k: v\n";
    const answer = await api.ask(`POST ${CMS}`, { body, headers: { "content-type": "application/yaml" } });
    assert.equal(answer.status, 201, answer.text);
    assert.deepEqual(answer.json<ConfigMap>().data, { k: "v" });
  });

  it("refuses what does not match the path", async () => {
    await using api = await createApiWorld();
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
    await using api = await createApiWorld();
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
    await using api = await createApiWorld();
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
    await using api = await createApiWorld();
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
    await using api = await createApiWorld();
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
    await using api = await createApiWorld();
    await created(api);
    assert.equal(
      failure(await api.ask(`PUT ${CMS}/a`, { body: configMap("b") })),
      "400 BadRequest: the name of the object (b) does not match the name on the URL (a)",
    );
  });

  it("of an absent object is 404", async () => {
    await using api = await createApiWorld();
    assert.equal(
      failure(await api.ask(`PUT ${CMS}/a`, { body: configMap("a") })),
      '404 NotFound: configmaps "a" not found',
    );
  });

  it("defaults what it creates as a create does", async () => {
    await using api = await createApiWorld();
    const body = {
      apiVersion: "v1",
      kind: "LimitRange",
      metadata: { name: "l" },
      spec: { limits: [{ type: "Container", max: { cpu: "1" } }] },
    };
    const ranges = "/api/v1/namespaces/default/limitranges";
    const put = await api.ask(`PUT ${ranges}/l`, { body });
    assert.equal(put.status, 201, put.text);
    const posted = await api.ask(`POST ${ranges}`, { body: { ...body, metadata: { name: "m" } } });
    assert.deepEqual(put.json<LimitRange>().spec, posted.json<LimitRange>().spec);
    assert.deepEqual(put.json<LimitRange>().spec?.limits[0]?.defaultRequest, { cpu: "1" });
  });

  it("needs leave to create what is not there, by PUT and by apply, and has it before validating admission", async () => {
    const asked: string[] = [];
    await using api = await createApiWorld({
      admission: admissionChain([{ name: "Asked", handles: () => true, validate: () => void asked.push("validate") }]),
      more: {
        authorizer: {
          authorize: ({ verb, resource }) => ({
            decision: verb === "create" && resource === "limitranges" ? "no-opinion" : "allow",
            reason: "",
          }),
        },
      },
    });
    asked.length = 0;
    const ranges = "/api/v1/namespaces/default/limitranges";
    const body = { apiVersion: "v1", kind: "LimitRange", metadata: { name: "l" }, spec: { limits: [] } };
    const refused = /^403 Forbidden: limitranges "l" is forbidden: User "admin" cannot create resource "limitranges"/;
    assert.match(failure(await api.ask(`PUT ${ranges}/l`, { body })), refused);
    const headers = { "content-type": "application/apply-patch+yaml" };
    assert.match(failure(await api.ask(`PATCH ${ranges}/l?fieldManager=m`, { body, headers })), refused);
    const invalid = { ...body, spec: { limits: [{ type: "Odd" }] } };
    assert.equal((await api.ask(`PUT ${ranges}/l`, { body: invalid })).status, 422, "as upstream, that comes first");
    assert.deepEqual(asked, []);
  });

  it("makes the client own nothing of what a subresource puts back", async () => {
    await using api = await createApiWorld();
    await api.ask(`POST ${DEPLOYS}`, { body: deployment("d") });
    const read = (await api.ask(`GET ${DEPLOYS}/d`)).json<Deployment>();
    const { managedFields: _, ...metadata } = { ...read.metadata, labels: { mine: "1" }, annotations: { kept: "1" } };
    const status = await api.ask(`PUT ${DEPLOYS}/d/status?fieldManager=m`, {
      body: { ...read, metadata, spec: { ...read.spec, replicas: 9 }, status: { replicas: 7 } },
    });
    assert.equal(status.status, 200, status.text);
    const { labels, annotations, managedFields } = status.json<Deployment>().metadata;
    assert.deepEqual({ labels, annotations }, { labels: undefined, annotations: { kept: "1" } });
    assert.deepEqual(managedFields?.find(({ manager }) => manager === "m")?.fieldsV1, {
      "f:metadata": { "f:annotations": { ".": {}, "f:kept": {} } },
      "f:status": { "f:replicas": {} },
    });
  });

  it("of ephemeral containers owns these alone", async () => {
    await using api = await createApiWorld();
    const pods = "/api/v1/namespaces/default/pods";
    const body = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "p" },
      spec: { containers: [{ name: "c", image: "i" }] },
    };
    const made = (await api.ask(`POST ${pods}`, { body })).json<Pod>();
    const debugging = { name: "e", image: "i", terminationMessagePolicy: "File" };
    const changed = {
      ...made,
      metadata: { ...made.metadata, labels: { a: "b" } },
      spec: { ...made.spec, activeDeadlineSeconds: 5, ephemeralContainers: [debugging] },
    };
    const put = await api.ask(`PUT ${pods}/p/ephemeralcontainers?fieldManager=m`, { body: changed });
    assert.equal(put.status, 200, put.text);
    const fields = put.json<Pod>().metadata.managedFields?.find(({ manager }) => manager === "m")?.fieldsV1 as object;
    assert.deepEqual(Object.keys(fields), ["f:spec"]);
    assert.deepEqual(Object.keys((fields as { "f:spec": object })["f:spec"]), ["f:ephemeralContainers"]);
  });

  it("keeps status for its subresource", async () => {
    await using api = await createApiWorld();
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

describe("delete", () => {
  it("answers with a Status once the object is gone", async () => {
    await using api = await createApiWorld();
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
    await using api = await createApiWorld();
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
    await using api = await createApiWorld();
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
    await using api = await createApiWorld();
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
    await using api = await createApiWorld();
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
    const another = await api.ask(`PATCH ${DEPLOYS}/d/scale`, {
      body: { metadata: { uid: "another" }, spec: { replicas: 5 } },
      headers: { "content-type": "application/merge-patch+json" },
    });
    assert.equal(
      failure(another),
      '409 Conflict: Operation cannot be fulfilled on deployments/scale.apps "d": Precondition failed: ' +
        `UID in precondition: another, UID in object meta: ${scale.metadata?.uid}`,
    );
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
  it("writes, reads and fails as the HTTP API does, and shares frozen objects", async () => {
    await using api = await createApiWorld();
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

  it("is authorized like every client", async () => {
    await using api = await createApiWorld();
    const nobody = api.server.client({ username: "nobody", groups: ["system:authenticated"] });
    await assert.rejects(nobody.get(DEPLOYMENTS, { namespace: "default", name: "d" }), {
      message:
        'deployments.apps "d" is forbidden: User "nobody" cannot get resource "deployments" in API group "apps" in the namespace "default"',
    });
  });

  it("shows the changes of a kind in a watch, in order", async () => {
    await using api = await createApiWorld();
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
