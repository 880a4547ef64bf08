import { strict as assert } from "node:assert";
import { test } from "node:test";
import { createRandom, createScope, createVirtualClock, silentLog } from "#base";
import { EVENTS_V1, type KubeObject } from "#objects";
import { createFakeClient } from "#simulation";
import { createSeriesRecorder, type ActionEvent } from "./series-recorder.ts";

const START = Date.UTC(2026, 0, 1);
const pod = (name: string): KubeObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { namespace: "shop", name, uid: name, resourceVersion: "5" },
});
const refused: ActionEvent = {
  regarding: pod("web-1"),
  type: "Warning",
  reason: "FailedScheduling",
  action: "Scheduling",
  note: "0/1 nodes are available",
};

function world() {
  const clock = createVirtualClock(START);
  const random = createRandom(1);
  const client = createFakeClient({ clock, random });
  const scope = createScope("test");
  const recorder = createSeriesRecorder({
    client,
    controller: "default-scheduler",
    host: "here",
    clock,
    random,
    log: silentLog,
    scope,
  });
  return { clock, client, recorder, scope, [Symbol.asyncDispose]: () => scope.close() };
}

test("an Event tells its time to the microsecond, its action, instance and what is related, and nothing of old", async () => {
  await using w = world();
  w.recorder.event({ ...refused, related: pod("web-2") });
  await w.recorder.flush();
  const [event] = w.client.all(EVENTS_V1);
  const { metadata, ...rest } = event!;
  assert.match(metadata.name ?? "", /^web-1\.[0-9a-f]{16}$/);
  assert.equal(metadata.namespace, "shop");
  const reference = { kind: "Pod", namespace: "shop", apiVersion: "v1", resourceVersion: "5" };
  assert.deepEqual(rest, {
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    eventTime: "2026-01-01T00:00:00.000000Z",
    reportingController: "default-scheduler",
    reportingInstance: "default-scheduler-here",
    action: "Scheduling",
    reason: "FailedScheduling",
    regarding: { ...reference, name: "web-1", uid: "web-1" },
    related: { ...reference, name: "web-2", uid: "web-2" },
    note: "0/1 nodes are available",
    type: "Warning",
  });
});

test("the same again begins a series, which is counted here and written each half hour and at its end", async () => {
  await using w = world();
  const count = () => w.client.all(EVENTS_V1)[0]?.series?.count;
  w.recorder.event(refused);
  await w.recorder.flush();
  assert.equal(count(), undefined);
  await w.clock.advance(60_000);
  w.recorder.event({ ...refused, note: "another text" });
  await w.recorder.flush();
  assert.deepEqual(w.client.all(EVENTS_V1)[0]?.series, { count: 2, lastObservedTime: "2026-01-01T00:01:00.000000Z" });
  for (let minute = 2; minute < 32; minute++) {
    await w.clock.advance(60_000);
    w.recorder.event(refused);
    if (minute === 28) assert.equal(count(), 2);
  }
  assert.equal(count(), 30, "as it was after half an hour");
  await w.clock.advance(13 * 60_000);
  assert.equal(count(), 32, "as it was at the end");
  const { length } = w.client.writes;
  await w.clock.advance(60 * 60_000);
  assert.equal(w.client.writes.length, length, "what is over is written no more");
  w.recorder.event(refused);
  await w.recorder.flush();
  assert.equal(w.client.all(EVENTS_V1).length, 2);
});

test("a series whose Event has expired is made again", async () => {
  await using w = world();
  w.recorder.event(refused);
  await w.recorder.flush();
  const [first] = w.client.all(EVENTS_V1);
  w.client.remove(EVENTS_V1, { namespace: "shop", name: first!.metadata.name! });
  w.recorder.event(refused);
  await w.recorder.flush();
  assert.deepEqual(
    w.client.all(EVENTS_V1).map(({ series }) => series?.count),
    [2],
  );
});

test("a server that is away is asked again, and gets the Event later", async () => {
  await using w = world();
  let failures = 2;
  w.client.before = () => {
    if (failures-- > 0) throw new Error("connection refused");
  };
  w.recorder.event(refused);
  await w.clock.runUntil(() => w.client.all(EVENTS_V1).length === 1, 60_000);
  assert.equal(w.client.all(EVENTS_V1).length, 1);
});
