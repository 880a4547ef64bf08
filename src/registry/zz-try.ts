import { createRandom, systemClock, silentLog } from "#base";
import { createMemoryStore } from "#store/memory";
import { createRegistry } from "#registry";
import { BUILT_IN_KINDS } from "./kinds/index.ts";
import { draftOf } from "#objects";
const t0 = performance.now();
const store = createMemoryStore();
const registry = await createRegistry({ definitions: BUILT_IN_KINDS, store, clock: systemClock, random: createRandom(1), log: silentLog });
console.log("start ms", performance.now() - t0, "kinds", registry.resources().length);
const user = { user: { username: "admin", groups: [] }, fieldManager: "me" };
const pods = registry.resource("", "pods")!;
const N = Number(process.argv[2] ?? 5000);
const pod = (i: number) => ({ apiVersion: "v1", kind: "Pod", metadata: { namespace: "default", generateName: "web-", labels: { app: "web", "pod-template-hash": "abc" } }, spec: { containers: [{ name: "c", image: "nginx", imagePullPolicy: "Always", terminationMessagePath: "/dev/x", terminationMessagePolicy: "File", resources: {requests: {cpu: "100m"}} }], restartPolicy: "Always", dnsPolicy: "ClusterFirst", terminationGracePeriodSeconds: 30, schedulerName: "default-scheduler" } }) as any;
let t = performance.now();
const made = [];
for (let i = 0; i < N; i++) { const d = pod(i); pods.definition.applyDefaults?.(d); made.push(await pods.create(d, user)); }
let dt = performance.now() - t;
console.log("create/s", Math.round(N / dt * 1000));
if (N<=5) console.log(JSON.stringify(made[0]!.object, null, 1));
t = performance.now();
for (const { key } of made) await pods.update(key, (o) => { const d = draftOf(o!) as any; d.status = { ...d.status, phase: "Running", podIP: "10.0.0.1", podIPs: [{ ip: "10.0.0.1" }], conditions: [{ type: "Ready", status: "True", lastTransitionTime: "2026-01-01T00:00:00Z" }] }; return d; }, { ...user, fieldManager: "kubelet", subresource: "status" });
dt = performance.now() - t;
console.log("status/s", Math.round(N / dt * 1000));
t = performance.now(); let l = await pods.list({}); console.log("list ms", performance.now() - t, l.items.length);
t = performance.now(); let bytes = 0; for (const i of l.items) bytes += i.bytes.length; console.log("bytes ms", performance.now() - t, bytes / 1e6, "MB");
t = performance.now(); l = await pods.list({ labelSelector: "app=web" }); console.log("list label ms", performance.now() - t, l.items.length);
t = performance.now(); l = await pods.list({ fieldSelector: "spec.nodeName=x" }); console.log("list field ms (index made)", performance.now() - t, l.items.length);
t = performance.now(); l = await pods.list({ fieldSelector: "spec.nodeName=x" }); console.log("list field ms", performance.now() - t, l.items.length);
t = performance.now(); let n = 0, token: string | undefined; do { const p: any = await pods.list({ limit: 500, ...(token ? { continue: token } : {}) }); n += p.items.length; token = p.continue; } while (token); console.log("paged ms", performance.now() - t, n);
// fan-out
const W = 100; const stop = new AbortController(); let got = 0; let doneAt = 0;
for (let i = 0; i < W; i++) void (async () => { for await (const b of pods.watch({ resourceVersion: String(store.revision), signal: stop.signal })) { got += b.length; if (got === W * 1000) doneAt = performance.now(); } })();
await new Promise((r) => setImmediate(r));
t = performance.now();
for (let i = 0; i < 1000; i++) { const d = pod(i); pods.definition.applyDefaults?.(d); await pods.create(d, user); }
await new Promise((r) => setTimeout(r, 50));
console.log("fan-out 100 watchers x 1000 events ms", doneAt - t, got);
stop.abort();
t = performance.now();
await pods.deleteCollection({}, { ...user, gracePeriodSeconds: 0 });
console.log("deletecollection ms", performance.now() - t, "count", pods.count);
console.log("rss MB", process.memoryUsage().rss / 1e6);
await registry.close();
// restart
t = performance.now();
const r2 = await createRegistry({ definitions: BUILT_IN_KINDS, store, clock: systemClock, random: createRandom(1), log: silentLog });
console.log("restart ms", performance.now() - t);
await r2.close();
