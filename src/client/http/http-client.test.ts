import { strict as assert } from "node:assert";
import { test } from "node:test";
import { createVirtualClock } from "#base";
import type { TransportRequest, TransportResponse } from "#http";
import { CONFIG_MAPS, DEPLOYMENTS, hasReason, NODES, PODS, StatusError } from "#objects";
import { createHttpClient } from "./http-client.ts";

const encode = (text: string) => new TextEncoder().encode(text);

interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Chunks as they come over the wire. */
  readonly body: readonly string[] | object;
}

/** A client whose requests get these answers, in turn. */
function clientWith(...answers: readonly Answer[]) {
  const clock = createVirtualClock();
  const requests: TransportRequest[] = [];
  const left = [...answers];
  const client = createHttpClient({
    clock,
    headers: { authorization: "Bearer t" },
    transport: async (request): Promise<TransportResponse> => {
      requests.push(request);
      const { status = 200, headers = {}, body } = left.shift() ?? assert.fail("one request too many");
      const chunks = Array.isArray(body) ? (body as string[]) : [JSON.stringify(body)];
      return {
        status,
        header: (name) => headers[name],
        body: (async function* () {
          for (const chunk of chunks) yield encode(chunk);
        })(),
      };
    },
  });
  return { clock, client, requests };
}

const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "p", namespace: "shop", resourceVersion: "7" } };
const line = (value: object) => `${JSON.stringify(value)}\n`;
const textOf = ({ body }: TransportRequest) => new TextDecoder().decode(body);

test("requests have the paths, parameters and types of the API", async () => {
  const { client, requests } = clientWith(...Array.from({ length: 9 }, () => ({ body: { ...pod, items: [] } })));
  const key = { namespace: "shop", name: "web" };
  await client.get(PODS, key, { resourceVersion: "5" });
  await client.get(NODES, { namespace: "", name: "n1" });
  await client.list(DEPLOYMENTS, { labelSelector: "app in (a,b)", limit: 10, namespace: "" });
  await client.create(PODS, { metadata: { namespace: "shop", generateName: "p-" } }, { dryRun: true });
  await client.update(PODS, pod, { subresource: "status", fieldManager: "me" });
  await client.patch(DEPLOYMENTS, key, { type: "strategic", body: { spec: {} } });
  await client.patch(DEPLOYMENTS, key, { type: "apply", body: {} }, { force: true, fieldManager: "me" });
  await client.delete(PODS, key, { gracePeriodSeconds: 0, dryRun: true });
  await client.createSubresource(PODS, key, "binding", { target: {} });
  assert.deepEqual(
    requests.map(({ method, path, headers }) => [method, path, headers["content-type"]]),
    [
      ["GET", "/api/v1/namespaces/shop/pods/web?resourceVersion=5", undefined],
      ["GET", "/api/v1/nodes/n1", undefined],
      ["GET", "/apis/apps/v1/deployments?labelSelector=app+in+%28a%2Cb%29&limit=10", undefined],
      ["POST", "/api/v1/namespaces/shop/pods?dryRun=All&fieldValidation=Strict", "application/json"],
      ["PUT", "/api/v1/namespaces/shop/pods/p/status?fieldManager=me&fieldValidation=Strict", "application/json"],
      [
        "PATCH",
        "/apis/apps/v1/namespaces/shop/deployments/web?fieldValidation=Strict",
        "application/strategic-merge-patch+json",
      ],
      [
        "PATCH",
        "/apis/apps/v1/namespaces/shop/deployments/web?fieldManager=me&fieldValidation=Strict&force=true",
        "application/apply-patch+yaml",
      ],
      ["DELETE", "/api/v1/namespaces/shop/pods/web", "application/json"],
      ["POST", "/api/v1/namespaces/shop/pods/web/binding?fieldValidation=Strict", "application/json"],
    ],
  );
  assert.deepEqual(JSON.parse(textOf(requests[3]!)), {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace: "shop", generateName: "p-" },
  });
  assert.deepEqual(JSON.parse(textOf(requests[7]!)), {
    apiVersion: "v1",
    kind: "DeleteOptions",
    gracePeriodSeconds: 0,
    dryRun: ["All"],
  });
  assert.equal(requests[0]?.headers.authorization, "Bearer t");
});

test("items of a list get the kind that the server leaves out, and everything is frozen", async () => {
  const { client } = clientWith({
    body: {
      kind: "PodList",
      metadata: { resourceVersion: "9", continue: "next", remainingItemCount: 3 },
      items: [{ metadata: { name: "p" } }],
    },
  });
  const list = await client.list(PODS);
  assert.deepEqual(list, {
    resourceVersion: "9",
    continue: "next",
    remainingItemCount: 3,
    items: [{ apiVersion: "v1", kind: "Pod", metadata: { name: "p" } }],
  });
  assert.ok(Object.isFrozen(list.items[0]) && Object.isFrozen(list.items[0]?.metadata));
});

test("a Status is thrown as it is; an answer without one gets upstream's words", async () => {
  const { client } = clientWith(
    {
      status: 409,
      body: { kind: "Status", apiVersion: "v1", metadata: {}, reason: "AlreadyExists", code: 409, message: "there" },
    },
    { status: 502, body: ["<html>bad gateway</html>"] },
  );
  await assert.rejects(client.create(CONFIG_MAPS, { metadata: { namespace: "a", name: "b" } }), (error) =>
    hasReason(error, "AlreadyExists"),
  );
  await assert.rejects(
    client.list(CONFIG_MAPS),
    (error) => error instanceof StatusError && error.code === 502 && error.message.includes("bad gateway"),
  );
});

test("a client that is told when to come back sends its request again then", async () => {
  const { client, clock, requests } = clientWith(
    { status: 429, headers: { "retry-after": "2" }, body: {} },
    { status: 503, headers: { "retry-after": "1" }, body: {} },
    { body: pod },
  );
  const got = client.get(PODS, { namespace: "shop", name: "p" });
  await clock.advance(2999);
  assert.equal(requests.length, 2);
  await clock.advance(1);
  assert.equal((await got).metadata.name, "p");
});

test("an answer that never comes ends at the time limit", async () => {
  const clock = createVirtualClock();
  const client = createHttpClient({
    clock,
    timeoutMs: 5000,
    transport: ({ signal }) =>
      new Promise((_, reject) => {
        signal?.addEventListener("abort", () => reject(new Error("aborted")));
      }),
  });
  const got = assert.rejects(client.list(PODS), /no complete answer within 5000 ms/);
  await clock.advance(5000);
  await got;
  assert.equal(clock.pending, 0);
});

test("a watch yields batches of events however the bytes are cut", async () => {
  const added = line({ type: "ADDED", object: { ...pod, metadata: { ...pod.metadata, labels: { a: "ä€" } } } });
  const bytes = encode(added + line({ type: "MODIFIED", object: pod }));
  for (const size of [1, 7, 64, bytes.length]) {
    const client = createHttpClient({
      clock: createVirtualClock(),
      transport: async () => ({
        status: 200,
        header: () => undefined,
        body: (async function* () {
          for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
        })(),
      }),
    });
    const seen: string[] = [];
    for await (const events of client.watch(PODS, { signal: new AbortController().signal })) {
      for (const event of events) {
        if (event.type !== "BOOKMARK") seen.push(`${event.type} ${event.object.metadata.labels?.a ?? ""}`);
      }
    }
    assert.deepEqual(seen, ["ADDED ä€", "MODIFIED "], `chunks of ${size}`);
  }
});

test("a watch hands over what came before an ERROR event, and throws it", async () => {
  const gone = { kind: "Status", apiVersion: "v1", metadata: {}, reason: "Expired", code: 410, message: "too old" };
  const bookmark = {
    type: "BOOKMARK",
    object: {
      kind: "Pod",
      apiVersion: "v1",
      metadata: { resourceVersion: "12", annotations: { "k8s.io/initial-events-end": "true" } },
    },
  };
  const { client, requests } = clientWith({ body: [line(bookmark) + line({ type: "ERROR", object: gone })] });
  const seen: object[] = [];
  const run = async () => {
    const query = { resourceVersion: "3", sendInitialEvents: true, allowWatchBookmarks: true };
    for await (const events of client.watch(PODS, { ...query, signal: new AbortController().signal })) {
      seen.push(...events);
    }
  };
  await assert.rejects(run(), (error) => hasReason(error, "Expired"));
  assert.deepEqual(seen, [{ type: "BOOKMARK", resourceVersion: "12", initialEventsEnd: true }]);
  assert.equal(
    requests[0]?.path,
    "/api/v1/pods?resourceVersion=3&sendInitialEvents=true&allowWatchBookmarks=true&watch=true&resourceVersionMatch=NotOlderThan",
  );
});

test("a watch that is aborted ends without an error", async () => {
  const controller = new AbortController();
  const client = createHttpClient({
    clock: createVirtualClock(),
    transport: async ({ signal }) => ({
      status: 200,
      header: () => undefined,
      body: (async function* () {
        yield encode(line({ type: "ADDED", object: pod }));
        signal?.throwIfAborted();
        assert.fail("the client read no further");
      })(),
    }),
  });
  let seen = 0;
  for await (const events of client.watch(PODS, { signal: controller.signal })) {
    seen += events.length;
    controller.abort();
  }
  assert.equal(seen, 1);
});

test("a line without end does not fill the memory", async () => {
  const chunk = new Uint8Array(2 ** 20).fill(32);
  let sent = 0;
  const client = createHttpClient({
    clock: createVirtualClock(),
    transport: async () => ({
      status: 200,
      header: () => undefined,
      body: (async function* () {
        for (;;) {
          sent++;
          yield chunk;
        }
      })(),
    }),
  });
  const run = async () => {
    for await (const events of client.watch(PODS, { signal: new AbortController().signal }))
      assert.fail(`${events.length} events`);
  };
  await assert.rejects(run(), /longer than 16777216 bytes/);
  assert.ok(sent <= 18);
});

test("a server without aggregated discovery is asked version by version; one that does not answer is stale", async () => {
  const pods = { name: "pods", singularName: "pod", namespaced: true, kind: "Pod", verbs: ["get", "list"] };
  const binding = { name: "pods/binding", namespaced: true, kind: "Binding", verbs: ["create"] };
  const versions = [
    { groupVersion: "x.io/v1beta1", version: "v1beta1" },
    { groupVersion: "x.io/v1", version: "v1" },
  ];
  const answers: Readonly<Record<string, Answer>> = {
    "/api": { body: { kind: "APIVersions", versions: ["v1"] } },
    "/apis": {
      body: { kind: "APIGroupList", groups: [{ name: "x.io", versions, preferredVersion: { version: "v1" } }] },
    },
    "/api/v1": { body: { kind: "APIResourceList", resources: [pods, binding] } },
    "/apis/x.io/v1": { status: 503, body: "away".split("") },
    "/apis/x.io/v1beta1": { body: { resources: [{ name: "widgets", namespaced: false, kind: "Widget" }] } },
  };
  const asked: string[] = [];
  const client = createHttpClient({
    clock: createVirtualClock(),
    transport: async ({ path }) => {
      asked.push(path);
      const { status = 200, body } = answers[path] ?? assert.fail(path);
      const text = Array.isArray(body) ? body.join("") : JSON.stringify(body);
      return {
        status,
        header: () => undefined,
        body: (async function* () {
          yield encode(text);
        })(),
      };
    },
  });
  const found = await client.discovery.find({ group: "", kind: "Pod" });
  assert.deepEqual(found?.subresources, [{ name: "binding", kind: "Binding", verbs: ["create"] }]);
  const groups = await client.discovery.groups();
  assert.deepEqual(
    groups[1]?.versions.map(({ version, stale }) => [version, stale]),
    [
      ["v1", true],
      ["v1beta1", false],
    ],
  );
  assert.equal(asked.length, 5, "what is known is not asked again");
  client.discovery.invalidate();
  await client.discovery.resources();
  assert.equal(asked.length, 10);
});
