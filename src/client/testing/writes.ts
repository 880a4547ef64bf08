import assert from "node:assert/strict";
import { CONFIG_MAPS, DEPLOYMENTS, LEASES, PODS } from "#objects";
import { assertFrozen, configMap, deployment, key, NS, pod, refusal, type Behaviour } from "./suite.ts";

export function writeBehaviours(behaviour: Behaviour): void {
  behaviour(
    "C1",
    "a create answers with what the API made of it, and leaves what was sent alone",
    async ({ client }) => {
      const sent = { metadata: { namespace: NS, generateName: "a-" }, data: { x: "1" } };
      const before = structuredClone(sent);
      const made = await client.create(CONFIG_MAPS, sent);
      assert.match(made.metadata.name ?? "", /^a-[a-z0-9]{5}$/);
      assert.ok(made.metadata.uid && made.metadata.creationTimestamp && made.metadata.resourceVersion);
      assert.equal(`${made.apiVersion} ${made.kind}`, "v1 ConfigMap");
      assertFrozen(made);
      assert.deepEqual(sent, before);
      assert.ok(!Object.isFrozen(sent) && !Object.isFrozen(sent.data));
    },
  );

  behaviour("C2", "a name that is taken is AlreadyExists", async ({ client }) => {
    await client.create(CONFIG_MAPS, configMap("a"));
    const answer = client.create(CONFIG_MAPS, configMap("a"));
    const error = await refusal(answer, 409, "AlreadyExists", /^configmaps "a" already exists$/);
    assert.deepEqual(error.status.details, { name: "a", kind: "configmaps" });
  });

  behaviour("C3", "an object that is not valid is Invalid, with the fields as causes", async ({ client }) => {
    const error = await refusal(client.create(CONFIG_MAPS, configMap("a", { "a b": "1" })), 422, "Invalid");
    assert.equal(error.status.details?.kind, "ConfigMap");
    assert.deepEqual(
      error.status.details?.causes?.map(({ field, reason }) => [field, reason]),
      [["data[a b]", "FieldValueInvalid"]],
    );
    await client.create(CONFIG_MAPS, configMap("a"));
    const wrong = { ...(await client.get(CONFIG_MAPS, key("a"))), data: { "a b": "1" } };
    await refusal(client.update(CONFIG_MAPS, wrong), 422, "Invalid");
  });

  behaviour("C4", "a field that there is not is refused, unless the client says to ignore it", async ({ client }) => {
    const strange = { ...configMap("a"), odd: 1 };
    await refusal(client.create(CONFIG_MAPS, strange), 400, "BadRequest", /unknown field "odd"/);
    const made = await client.create(CONFIG_MAPS, strange, { fieldValidation: "Ignore" });
    assert.ok(!("odd" in made));
    const body = { odd: 1 };
    await refusal(client.patch(CONFIG_MAPS, key("a"), { type: "merge", body }), 422, "Invalid", /unknown field/);
    await client.patch(CONFIG_MAPS, key("a"), { type: "merge", body }, { fieldValidation: "Warn" });
  });

  behaviour("C5", "a dry run answers as the write would, and changes nothing", async ({ client }) => {
    const made = await client.create(CONFIG_MAPS, configMap("a"), { dryRun: true });
    assert.ok(made.metadata.uid);
    await refusal(client.get(CONFIG_MAPS, key("a")), 404, "NotFound");
    const real = await client.create(CONFIG_MAPS, configMap("a"));
    const updated = await client.update(CONFIG_MAPS, { ...real, data: { x: "1" } }, { dryRun: true });
    assert.deepEqual(updated.data, { x: "1" });
    assertFrozen(updated);
    assert.deepEqual(await client.get(CONFIG_MAPS, key("a")), real);
  });

  behaviour("C6", "the field manager of a write is recorded", async ({ client }) => {
    const made = await client.create(CONFIG_MAPS, configMap("a", { x: "1" }), { fieldManager: "maker" });
    const updated = await client.update(
      CONFIG_MAPS,
      { ...made, data: { x: "1", y: "2" } },
      { fieldManager: "changer" },
    );
    assert.deepEqual(
      Object.fromEntries(updated.metadata.managedFields?.map((entry) => [entry.manager, entry.fieldsV1]) ?? []),
      { maker: { "f:data": { ".": {}, "f:x": {} } }, changer: { "f:data": { "f:y": {} } } },
    );
    const other = await client.create(CONFIG_MAPS, configMap("b", { x: "1" }));
    assert.equal(other.metadata.managedFields?.[0]?.manager, "conformance", "the client's own name");
    await refusal(
      client.create(CONFIG_MAPS, configMap("c"), { fieldManager: "a\u0007b" }),
      422,
      "Invalid",
      /fieldManager/,
    );
  });

  behaviour(
    "C7",
    "an update holds for the version that it names, or for any when it names none",
    async ({ client }) => {
      const first = await client.create(CONFIG_MAPS, configMap("a"));
      const second = await client.update(CONFIG_MAPS, { ...first, data: { x: "1" } });
      assert.notEqual(second.metadata.resourceVersion, first.metadata.resourceVersion);
      assertFrozen(second);
      const stale = client.update(CONFIG_MAPS, { ...first, data: { x: "2" } });
      const error = await refusal(stale, 409, "Conflict", /the object has been modified/);
      assert.deepEqual(error.status.details, { name: "a", kind: "configmaps" });
      const { resourceVersion: _, ...unversioned } = first.metadata;
      const third = await client.update(CONFIG_MAPS, { ...first, metadata: unversioned, data: { x: "3" } });
      assert.deepEqual(third.data, { x: "3" });
      const other = { ...third, metadata: { ...third.metadata, uid: "other" } };
      await refusal(client.update(CONFIG_MAPS, other), 409, "Conflict", /UID/i);
    },
  );

  behaviour(
    "C8",
    "an update of what is not there is NotFound, or makes it where the kind allows that",
    async ({ client }) => {
      await client.create(CONFIG_MAPS, configMap("b"));
      await refusal(
        client.update(CONFIG_MAPS, { apiVersion: "v1", kind: "ConfigMap", ...configMap("a") }),
        404,
        "NotFound",
      );
      const type = { apiVersion: "coordination.k8s.io/v1", kind: "Lease" };
      const lease = { ...type, metadata: { namespace: NS, name: "l" }, spec: { holderIdentity: "me" } };
      assert.equal((await client.update(LEASES, lease)).spec?.holderIdentity, "me");
    },
  );

  behaviour("C9", "an update that changes nothing writes nothing", async ({ client }) => {
    const made = await client.create(CONFIG_MAPS, configMap("a", { x: "1" }));
    const same = await client.update(CONFIG_MAPS, made);
    assert.equal(same.metadata.resourceVersion, made.metadata.resourceVersion);
  });

  behaviour("C10", "the generation counts changes of the spec, and only those", async ({ client }) => {
    const made = await client.create(DEPLOYMENTS, deployment("d"));
    assert.equal(made.metadata.generation, 1);
    const labelled = await client.update(DEPLOYMENTS, { ...made, metadata: { ...made.metadata, labels: { a: "b" } } });
    assert.equal(labelled.metadata.generation, 1);
    const spec = { ...deployment("d", 3).spec };
    assert.equal((await client.update(DEPLOYMENTS, { ...labelled, spec })).metadata.generation, 2);
  });

  behaviour("C11", "status and the rest are written apart", async ({ client }) => {
    const made = await client.create(PODS, pod("p"));
    const labels = { a: "b" };
    const ran = await client.update(
      PODS,
      { ...made, metadata: { ...made.metadata, labels }, status: { phase: "Running" } },
      { subresource: "status" },
    );
    assert.equal(ran.status?.phase, "Running");
    const changed = { ...ran, metadata: { ...ran.metadata, labels }, status: { phase: "Failed" } };
    const labelled = await client.update(PODS, changed);
    assert.deepEqual(labelled.metadata.labels, labels);
    assert.equal(labelled.status?.phase, "Running");
    assert.equal((await client.get(PODS, key("p"), { subresource: "status" })).status?.phase, "Running");
  });

  behaviour("C13", "a create leaves out the status", async ({ client }) => {
    const made = await client.create(PODS, { ...pod("p"), ...{ status: { phase: "Running" } } });
    assert.notEqual(made.status?.phase, "Running");
  });

  behaviour("C12", "a namespaced object without a namespace is refused", async ({ client }) => {
    await refusal(client.create(CONFIG_MAPS, { metadata: { name: "a" } }), 405, "MethodNotAllowed");
  });
}
