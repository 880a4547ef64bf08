import assert from "node:assert/strict";
import { test } from "node:test";
import { createVirtualClock, messageOf } from "#base";
import { createMemoryStore } from "#store/memory";
import { healthChecks } from "./health.ts";

test("an API server's health has upstream's checks in its order, each of which tells what it looks at", async () => {
  const state = { synced: false, bootstrapped: false, unready: "starting" as string | undefined };
  const stopping = new AbortController();
  const store = createMemoryStore({ clock: createVirtualClock() });
  const checks = healthChecks({
    store,
    synced: () => state.synced,
    bootstrapped: () => state.bootstrapped,
    unready: () => state.unready,
    stopping: stopping.signal,
  });
  const failing = async (root: "livez" | "readyz") => {
    const failed: string[] = [];
    for (const { name, check } of checks[root]) {
      try {
        await check();
      } catch (error) {
        failed.push(`${name}: ${messageOf(error)}`);
      }
    }
    return failed;
  };
  const hooks = [
    "poststarthook/start-system-namespaces-controller",
    "poststarthook/scheduling/bootstrap-system-priority-classes",
    "poststarthook/bootstrap-controller",
    "poststarthook/start-kubernetes-service-cidr-controller",
  ];
  const names = (root: "healthz" | "livez" | "readyz") => checks[root].map(({ name }) => name);
  assert.deepEqual(names("healthz"), ["log", "etcd", ...hooks]);
  assert.deepEqual(names("livez"), ["log", "etcd", ...hooks]);
  assert.deepEqual(names("readyz"), [
    ...["log", "etcd", "etcd-readiness", "informer-sync"],
    ...hooks,
    ...["shutdown", "cluster"],
  ]);
  const unfinished = hooks.map((name) => `${name}: not finished`);
  assert.deepEqual(await failing("livez"), unfinished);
  assert.deepEqual(await failing("readyz"), [
    "informer-sync: informers not started yet",
    ...unfinished,
    "cluster: starting",
  ]);
  Object.assign(state, { synced: true, bootstrapped: true, unready: undefined });
  assert.deepEqual([await failing("livez"), await failing("readyz")], [[], []]);
  stopping.abort();
  assert.deepEqual(await failing("readyz"), ["shutdown: process is shutting down"]);
  await store.close();
  assert.equal((await failing("livez")).length, 1);
});
