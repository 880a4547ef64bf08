import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ENDPOINT_SLICES,
  ENDPOINTS,
  NODES,
  PODS,
  SERVICES,
  type Endpoint,
  type EndpointSlice,
  type KubeObject,
  type Pod,
  type ResourceType,
} from "#objects";
import { endpointsController } from "../endpoints/controller.ts";
import { node, pod, service } from "../testing/services.ts";
import { createTestWorld, type TestWorld } from "../testing/world.ts";
import { endpointSliceController } from "./controller.ts";

const world = async () => {
  const w = await createTestWorld([endpointSliceController(), endpointsController()]);
  await w.client.create(NODES, node("n1", "a"));
  return w;
};
const key = (name: string) => ({ namespace: "default", name });
const slicesOf = (w: TestWorld, name = "web"): EndpointSlice[] =>
  w.client.all(ENDPOINT_SLICES).filter(({ metadata }) => metadata.labels?.["kubernetes.io/service-name"] === name);
const endpointsOf = (w: TestWorld, name = "web"): Endpoint[] =>
  slicesOf(w, name).flatMap(({ endpoints = [] }) => endpoints);
const namesOf = (endpoints: readonly Endpoint[]) => endpoints.map(({ targetRef }) => targetRef?.name ?? "").sort();
const writesTo = <T extends KubeObject>(w: TestWorld, type: ResourceType<T>) =>
  w.client.writes.filter((write) => write.split(" ")[1] === type.resource);
const podAt = (i: number, parts?: Parameters<typeof pod>[2]): Pod => pod(`p${i}`, `10.0.${i >> 8}.${i & 255}`, parts);
const setReady = (w: TestWorld, name: string, status: "True" | "False") =>
  w.client.edit(PODS, key(name), (draft) => {
    (draft as { status?: unknown }).status = { ...podAt(Number(name.slice(1)), { ready: status === "True" }).status };
  });

test("endpoints follow pods: their readiness, their labels, their end", async () => {
  await using w = await world();
  await w.client.create(SERVICES, service());
  await w.settle();
  assert.equal(slicesOf(w).length, 1);
  assert.deepEqual(w.client.all(ENDPOINTS)[0]?.subsets, undefined);

  await w.client.create(PODS, podAt(1, { ready: false }));
  await w.client.create(PODS, podAt(2, { labels: { app: "other" } }));
  await w.settle();
  assert.deepEqual(
    endpointsOf(w).map(({ conditions }) => conditions?.ready),
    [false],
  );
  setReady(w, "p1", "True");
  await w.settle();
  assert.deepEqual(
    endpointsOf(w).map(({ conditions }) => conditions?.ready),
    [true],
  );
  assert.deepEqual(
    w.client.all(ENDPOINTS)[0]?.subsets?.[0]?.addresses?.map(({ ip }) => ip),
    ["10.0.0.1"],
  );

  w.client.edit(PODS, key("p2"), (draft) => {
    draft.metadata.labels = { app: "web" };
  });
  await w.settle();
  assert.deepEqual(namesOf(endpointsOf(w)), ["p1", "p2"]);

  await w.client.delete(PODS, key("p1"));
  await w.settle();
  const [leaving] = endpointsOf(w).filter(({ targetRef }) => targetRef?.name === "p1");
  assert.deepEqual(leaving?.conditions, { ready: false, serving: true, terminating: true });
  assert.deepEqual(
    w.client.all(ENDPOINTS)[0]?.subsets?.[0]?.addresses?.map(({ ip }) => ip),
    ["10.0.0.2"],
  );
  w.client.remove(PODS, key("p1"));
  w.client.remove(PODS, key("p2"));
  await w.settle();
  assert.deepEqual(endpointsOf(w), []);
  assert.equal(slicesOf(w).length, 1);
});

test("endpoints follow a Service's selector, stay while it selects nothing, and go with it", async () => {
  await using w = await world();
  await w.client.create(PODS, podAt(1));
  await w.client.create(PODS, podAt(2, { labels: { app: "api" } }));
  await w.client.create(SERVICES, service());
  await w.settle();
  assert.deepEqual(namesOf(endpointsOf(w)), ["p1"]);
  w.client.edit(SERVICES, key("web"), (draft) => {
    Object.assign(draft.spec!, { selector: { app: "api" } });
  });
  await w.settle();
  assert.deepEqual(namesOf(endpointsOf(w)), ["p2"]);
  // Upstream leaves them as they are while nothing chooses any.
  w.client.edit(SERVICES, key("web"), (draft) => {
    Object.assign(draft.spec!, { type: "ExternalName" });
  });
  w.client.remove(PODS, key("p2"));
  await w.settle();
  assert.deepEqual(namesOf(endpointsOf(w)), ["p2"]);
  w.client.edit(SERVICES, key("web"), (draft) => {
    Object.assign(draft.spec!, { type: "ClusterIP" });
  });
  await w.settle();
  assert.deepEqual(namesOf(endpointsOf(w)), []);
  w.client.remove(SERVICES, key("web"));
  await w.settle();
  assert.deepEqual(w.client.all(ENDPOINTS), [], "slices are left to the garbage collector, Endpoints have no owner");
});

test("what another client does to a slice is undone", async () => {
  await using w = await world();
  await w.client.create(SERVICES, service());
  await w.client.create(PODS, podAt(1));
  await w.settle();
  const name = slicesOf(w)[0]?.metadata.name ?? "";
  w.client.edit(ENDPOINT_SLICES, key(name), (draft) => {
    draft.endpoints = [];
  });
  await w.settle();
  assert.deepEqual(namesOf(endpointsOf(w)), ["p1"]);
  w.client.remove(ENDPOINT_SLICES, key(name));
  await w.settle();
  assert.deepEqual(namesOf(endpointsOf(w)), ["p1"]);
  w.client.remove(ENDPOINTS, key("web"));
  await w.settle();
  assert.equal(w.client.all(ENDPOINTS).length, 1);
});

test("pods of a node that is not known yet are endpoints once it is; a zone that changes is followed", async () => {
  await using w = await world();
  await w.client.create(SERVICES, service());
  await w.client.create(PODS, podAt(1, { spec: { nodeName: "n2" } }));
  await w.settle();
  assert.deepEqual(endpointsOf(w), []);
  await w.client.create(NODES, node("n2", "b"));
  await w.settle();
  assert.deepEqual(
    endpointsOf(w).map(({ zone }) => zone),
    ["b"],
  );
  w.client.edit(NODES, { namespace: "", name: "n2" }, (draft) => {
    draft.metadata.labels = { "topology.kubernetes.io/zone": "c" };
  });
  await w.settle();
  assert.deepEqual(
    endpointsOf(w).map(({ zone }) => zone),
    ["c"],
  );
});

test("a thousand pods that become ready one by one cost far fewer writes than changes", async () => {
  await using w = await world();
  await w.client.create(SERVICES, service());
  await w.settle();
  for (let i = 1; i <= 1000; i++) {
    await w.client.create(PODS, podAt(i, { ready: false }));
    if (i % 10 === 0) await w.settle(10);
  }
  for (let i = 1; i <= 1000; i++) {
    setReady(w, `p${i}`, "True");
    if (i % 10 === 0) await w.settle(10);
  }
  await w.settle(2000);
  assert.equal(endpointsOf(w).length, 1000);
  assert.ok(endpointsOf(w).every(({ conditions }) => conditions?.ready));
  assert.ok(slicesOf(w).every(({ endpoints = [] }) => endpoints.length <= 100));
  const [slices, endpoints] = [writesTo(w, ENDPOINT_SLICES).length, writesTo(w, ENDPOINTS).length];
  assert.ok(slices < 120, `${slices} writes of slices`);
  assert.ok(endpoints < 60, `${endpoints} writes of Endpoints`);
});

test("pods that no Service selects, and changes that no endpoint shows, cost nothing", async () => {
  await using w = await world();
  await w.client.create(SERVICES, service());
  await w.client.create(PODS, podAt(1));
  await w.settle();
  const before = w.client.writes.length;
  const reads: string[] = [];
  w.client.before = (verb) => {
    reads.push(verb);
  };
  w.client.edit(PODS, key("p1"), (draft) => {
    draft.metadata.annotations = { seen: "yes" };
  });
  w.client.edit(SERVICES, key("web"), (draft) => {
    draft.metadata.annotations = { seen: "yes" };
  });
  await w.settle();
  assert.deepEqual([w.client.writes.length, reads], [before, []]);
});

test("failures are told in an Event of the Service, and tried again", async () => {
  await using w = await world();
  w.client.before = (verb, type) => {
    if (verb === "create" && type.resource === "endpointslices") throw new Error("no room");
  };
  await w.client.create(SERVICES, service());
  await w.settle();
  assert.ok(
    w
      .events()
      .includes(
        "Warning FailedToUpdateEndpointSlices Error updating Endpoint Slices for Service default/web: failed to create EndpointSlice for Service default/web: no room",
      ),
    w.events().join("\n"),
  );
  w.client.before = undefined;
  await w.settle(10_000);
  assert.equal(slicesOf(w).length, 1);
});

test("Endpoints whose Service went while the controller was down are removed at the start, those of leaders stay", async () => {
  const leader = { "control-plane.alpha.kubernetes.io/leader": "{}" };
  await using w = await createTestWorld([endpointsController()], async (client) => {
    await client.create(ENDPOINTS, { metadata: key("left") });
    await client.create(ENDPOINTS, { metadata: { ...key("elected"), annotations: leader } });
  });
  await w.settle();
  await w.client.create(ENDPOINTS, { metadata: key("own") });
  await w.settle();
  assert.deepEqual(
    w.client.all(ENDPOINTS).map(({ metadata }) => metadata.name),
    ["elected", "own"],
  );
});
