import assert from "node:assert/strict";
import type { WatchEvent, WatchOptions } from "#client";
import { CONFIG_MAPS, PODS, type KubeObject, type ResourceType } from "#objects";
import {
  assertFrozen,
  configMap,
  key,
  NS,
  pod,
  readWatch,
  refusal,
  toldBy,
  withTime,
  type Behaviour,
  type ClientUnderTest,
} from "./suite.ts";

/** Opens a watch that ends with the test. */
function watching<T extends KubeObject>(
  { client }: ClientUnderTest,
  type: ResourceType<T>,
  options: Omit<WatchOptions, "signal"> = {},
) {
  const abort = new AbortController();
  const reader = readWatch(client.watch(type, { ...options, signal: abort.signal }));
  return Object.assign(reader, {
    abort: () => abort.abort(),
    async [Symbol.asyncDispose]() {
      abort.abort();
      await reader.close();
    },
  });
}

const revisionIn = (event: WatchEvent | undefined): number => {
  assert.ok(event);
  return Number(event.type === "BOOKMARK" ? event.resourceVersion : event.object.metadata.resourceVersion);
};

export function watchBehaviours(behaviour: Behaviour): void {
  behaviour("W1", "a watch tells every change since its version, in order, frozen", async (context) => {
    const { client } = context;
    const { resourceVersion } = await client.list(CONFIG_MAPS);
    const made = await client.create(CONFIG_MAPS, configMap("a"));
    await using watch = watching(context, CONFIG_MAPS, { resourceVersion });
    const early = await watch.take(1);
    assert.deepEqual(early, [{ type: "ADDED", object: made }]);
    await client.update(CONFIG_MAPS, { ...made, data: { x: "1" } });
    await client.create(CONFIG_MAPS, configMap("b"));
    await client.delete(CONFIG_MAPS, key("a"));
    const events = await watch.take(3);
    assert.deepEqual(events.map(toldBy), ["MODIFIED a", "ADDED b", "DELETED a"]);
    const revisions = events.map(revisionIn);
    assert.deepEqual(
      revisions.toSorted((a, b) => a - b),
      revisions,
    );
    const last = events.at(-1);
    assert.ok(last?.type === "DELETED");
    assert.deepEqual(last.object.data, { x: "1" }, "a deletion shows the last state");
    for (const event of events) assertFrozen(event.type === "BOOKMARK" ? undefined : event.object);
  });

  behaviour("W2", "what enters a selection is added, what leaves it is deleted", async (context) => {
    const { client } = context;
    const { resourceVersion } = await client.list(CONFIG_MAPS);
    await using watch = watching(context, CONFIG_MAPS, { resourceVersion, labelSelector: "app in (web)" });
    await using named = watching(context, CONFIG_MAPS, { resourceVersion, fieldSelector: "metadata.name=b" });
    const label = (app: string) =>
      client.patch(CONFIG_MAPS, key("a"), { type: "merge", body: { metadata: { labels: { app } } } });
    await client.create(CONFIG_MAPS, configMap("a"));
    await label("web");
    await client.create(CONFIG_MAPS, configMap("b"));
    await label("db");
    assert.deepEqual((await watch.take(2)).map(toldBy), ["ADDED a", "DELETED a"]);
    assert.deepEqual((await named.take(1)).map(toldBy), ["ADDED b"]);
  });

  behaviour("W3", "a watch of one namespace tells nothing of others", async (context) => {
    const { client } = context;
    const { resourceVersion } = await client.list(PODS);
    await using watch = watching(context, PODS, { resourceVersion, namespace: "other" });
    await using all = watching(context, PODS, { resourceVersion });
    await client.create(PODS, pod("p"));
    assert.deepEqual((await all.take(1)).map(toldBy), ["ADDED p"]);
    watch.abort();
    assert.deepEqual(await watch.rest(), []);
  });

  behaviour("W4", "initial events come first, then a bookmark that ends them, then what happens", async (context) => {
    const { client } = context;
    await client.create(CONFIG_MAPS, configMap("a"));
    await client.create(CONFIG_MAPS, configMap("b"));
    await using watch = watching(context, CONFIG_MAPS, { sendInitialEvents: true, allowWatchBookmarks: true });
    const initial = await watch.take(3);
    assert.deepEqual(initial.map(toldBy), ["ADDED a", "ADDED b", "BOOKMARK"]);
    const end = initial.at(-1);
    assert.ok(end?.type === "BOOKMARK" && end.initialEventsEnd);
    assert.ok(revisionIn(end) >= revisionIn(initial[1]));
    await client.delete(CONFIG_MAPS, key("a"));
    assert.deepEqual((await watch.take(1)).map(toldBy), ["DELETED a"]);
  });

  behaviour("W5", "a version that the API has forgotten ends the watch with Expired", async (context) => {
    const { client, forget } = context;
    const { resourceVersion } = await client.list(CONFIG_MAPS);
    for (let i = 0; i < 3; i++) await client.create(CONFIG_MAPS, configMap(`a${i}`));
    await forget();
    await using watch = watching(context, CONFIG_MAPS, { resourceVersion });
    await refusal(watch.rest(), 410, "Expired");
  });

  behaviour("W6", "a watch that its reader aborts ends without an error", async (context) => {
    const { client } = context;
    await using before = watching(context, CONFIG_MAPS);
    before.abort();
    assert.deepEqual(await before.rest(), []);
    await using watch = watching(context, CONFIG_MAPS, {
      resourceVersion: (await client.list(CONFIG_MAPS)).resourceVersion,
    });
    await client.create(CONFIG_MAPS, configMap("a"));
    await watch.take(1);
    const rest = watch.rest();
    watch.abort();
    assert.deepEqual(await rest, []);
  });

  behaviour("W7", "a watch that its reader leaves is over", async (context) => {
    const { client } = context;
    const { resourceVersion } = await client.list(CONFIG_MAPS);
    await client.create(CONFIG_MAPS, configMap("a"));
    const { signal } = new AbortController();
    for await (const events of client.watch(CONFIG_MAPS, { resourceVersion, signal })) {
      assert.deepEqual(events.map(toldBy), ["ADDED a"]);
      break;
    }
  });

  behaviour("W8", "a watch ends in good order when its time is over", async (context) => {
    const { client } = context;
    const { resourceVersion } = await client.list(CONFIG_MAPS);
    await using watch = watching(context, CONFIG_MAPS, { resourceVersion, timeoutSeconds: 1 });
    assert.deepEqual(await withTime(context, watch.rest()), []);
  });

  behaviour("W9", "a watch that allows bookmarks gets them, with the revision that it has come to", async (context) => {
    const { client } = context;
    const { resourceVersion } = await client.list(CONFIG_MAPS);
    await using watch = watching(context, CONFIG_MAPS, { resourceVersion, allowWatchBookmarks: true });
    const made = await client.create(PODS, pod("p"));
    const [bookmark] = await withTime(context, watch.take(1));
    assert.ok(bookmark?.type === "BOOKMARK" && !bookmark.initialEventsEnd);
    assert.ok(revisionIn(bookmark) >= Number(made.metadata.resourceVersion));
  });

  behaviour("W10", "a watch that cannot be is refused as a list is", async (context) => {
    const refused = async (options: Omit<WatchOptions, "signal">, code: number, reason: "BadRequest") => {
      await using watch = watching(context, CONFIG_MAPS, options);
      await refusal(watch.rest(), code, reason);
    };
    await refused({ labelSelector: "a in" }, 400, "BadRequest");
    await refused({ namespace: NS, fieldSelector: "data.x=1" }, 400, "BadRequest");
    await using odd = watching(context, { ...CONFIG_MAPS, resource: "odds", kind: "Odd" });
    await refusal(odd.rest(), 404, "NotFound");
  });
}
