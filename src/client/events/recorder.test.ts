import { strict as assert } from "node:assert";
import { test } from "node:test";
import { createRandom, createScope, createVirtualClock, silentLog } from "#base";
import { EVENTS, type KubeObject } from "#objects";
import { createFakeClient } from "#simulation";
import { createRecorder } from "./recorder.ts";

const START = Date.UTC(2026, 0, 1);
const pod: KubeObject = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { namespace: "shop", name: "web-1", uid: "u1", resourceVersion: "5" },
};

function world() {
  const clock = createVirtualClock(START);
  const random = createRandom(1);
  const client = createFakeClient({ clock, random });
  const scope = createScope("test");
  const recorder = createRecorder({ client, component: "kubelet", host: "n1", clock, random, log: silentLog, scope });
  return { clock, client, recorder, scope, [Symbol.asyncDispose]: () => scope.close() };
}

test("an Event names its object, source, reason and times", async () => {
  await using w = world();
  w.recorder.event(pod, "Normal", "Pulled", "image is there");
  await w.recorder.flush();
  const [event] = w.client.all(EVENTS);
  assert.match(event?.metadata.name ?? "", /^web-1\.[0-9a-f]{16}$/);
  const { metadata, ...rest } = event!;
  assert.equal(metadata.namespace, "shop");
  assert.deepEqual(rest, {
    apiVersion: "v1",
    kind: "Event",
    involvedObject: {
      kind: "Pod",
      namespace: "shop",
      name: "web-1",
      uid: "u1",
      apiVersion: "v1",
      resourceVersion: "5",
    },
    reason: "Pulled",
    message: "image is there",
    type: "Normal",
    source: { component: "kubelet", host: "n1" },
    firstTimestamp: "2026-01-01T00:00:00Z",
    lastTimestamp: "2026-01-01T00:00:00Z",
    count: 1,
    reportingComponent: "kubelet",
    reportingInstance: "n1",
  });
});

test("the same Event again is counted, not made anew", async () => {
  await using w = world();
  w.recorder.event(pod, "Warning", "BackOff", "again");
  await w.recorder.flush();
  await w.clock.advance(60_000);
  w.recorder.event(pod, "Warning", "BackOff", "again");
  w.recorder.event(pod, "Warning", "BackOff", "again");
  await w.recorder.flush();
  const events = w.client.all(EVENTS);
  assert.equal(events.length, 1);
  assert.equal(events[0]?.count, 3);
  assert.equal(events[0]?.firstTimestamp, "2026-01-01T00:00:00Z");
  assert.equal(events[0]?.lastTimestamp, "2026-01-01T00:01:00Z");
});

test("an Event whose predecessor has expired is made again with its count", async () => {
  await using w = world();
  w.recorder.event(pod, "Warning", "BackOff", "again");
  await w.recorder.flush();
  const [first] = w.client.all(EVENTS);
  w.client.remove(EVENTS, { namespace: "shop", name: first!.metadata.name! });
  w.recorder.event(pod, "Warning", "BackOff", "again");
  await w.recorder.flush();
  assert.deepEqual(
    w.client.all(EVENTS).map(({ count }) => count),
    [2],
  );
});

test("from the tenth message of one reason on, they are combined", async () => {
  await using w = world();
  for (let n = 1; n <= 12; n++) w.recorder.event(pod, "Normal", "Created", `number ${n}`);
  await w.recorder.flush();
  const events = w.client.all(EVENTS);
  assert.equal(events.length, 10);
  const combined = events.find(({ message }) => message?.startsWith("(combined from similar events): "));
  assert.equal(combined?.message, "(combined from similar events): number 12");
  assert.equal(combined?.count, 3);
});

test("a flood about one object is cut at 25, and one more comes every five minutes", async () => {
  await using w = world();
  for (let n = 0; n < 40; n++) w.recorder.event(pod, "Normal", `Reason${n}`, "x");
  await w.recorder.flush();
  assert.equal(w.client.all(EVENTS).length, 25);
  await w.clock.advance(300_000);
  for (let n = 40; n < 45; n++) w.recorder.event(pod, "Normal", `Reason${n}`, "x");
  await w.recorder.flush();
  assert.equal(w.client.all(EVENTS).length, 26);
});

test("a server that is away is asked again, and gets the Event later", async () => {
  await using w = world();
  let failures = 2;
  w.client.before = () => {
    if (failures-- > 0) throw new Error("connection refused");
  };
  w.recorder.event(pod, "Normal", "Pulled", "image is there");
  await w.clock.runUntil(() => w.client.all(EVENTS).length === 1, 60_000);
  assert.equal(w.client.all(EVENTS)[0]?.reason, "Pulled");
  assert.ok(failures < 0, "the server was asked more than twice");
});

test("two components that record about one object at once both are heard", async () => {
  await using w = world();
  const { clock, client, scope } = w;
  const more = { client, clock, random: createRandom(1), log: silentLog, scope };
  const recorders = ["binder", "provisioner"].map((component) => createRecorder({ ...more, component }));
  for (const recorder of recorders) recorder.event(pod, "Normal", "Waiting", "for a volume");
  await Promise.all(recorders.map((recorder) => recorder.flush()));
  assert.deepEqual(
    client.all(EVENTS).map(({ source }) => source?.component),
    ["binder", "provisioner"],
  );
});
