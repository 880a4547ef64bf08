import assert from "node:assert/strict";
import { test } from "node:test";
import type { HttpRequest } from "#http";
import type { Kubelet, NodeStats } from "#kubelet";
import { answerKubelet } from "./kubelet.ts";

const STATS: NodeStats = {
  node: { time: 1000, cpuNanoseconds: 2_500_000_000, workingSetBytes: 4096 },
  containers: [
    {
      time: 900,
      cpuNanoseconds: 500_000_000,
      workingSetBytes: 1024,
      id: "containerd://a",
      name: "web",
      namespace: "default",
      pod: "p",
      podUid: "u",
    },
  ],
};

const kubelet: Kubelet = {
  nodeName: "n",
  observe() {},
  forget() {},
  pods: () => [{ apiVersion: "v1", kind: "Pod", metadata: { name: "p" } }],
  logs: () => {
    throw new Error("nothing is logged here");
  },
  stats: () => Promise.resolve(STATS),
};

const request = (method: string): HttpRequest => ({
  method,
  path: "/",
  query: "",
  headers: {},
  body: () => Promise.resolve(new Uint8Array()),
  signal: new AbortController().signal,
});

async function ask(path: string, of: Kubelet = kubelet, method = "GET"): Promise<readonly [number, string]> {
  const node = { apiVersion: "v1", kind: "Node", metadata: { name: "n" } };
  const { status, body } = await answerKubelet({ request: request(method), path }, node, of);
  return [status, body.type === "bytes" ? new TextDecoder().decode(body.bytes) : ""];
}

test("a kubelet lists pods with integers beyond 2^53 exactly", async () => {
  const spec = { containers: [], terminationGracePeriodSeconds: 9007199254740993n };
  const pods = () => [{ apiVersion: "v1", kind: "Pod", metadata: { name: "p" }, spec }];
  assert.match((await ask("pods", { ...kubelet, pods }))[1], /"terminationGracePeriodSeconds":9007199254740993[,}]/);
});

test("a kubelet answers for its node", async () => {
  assert.deepEqual(await ask("healthz"), [200, "ok"]);
  assert.equal((JSON.parse((await ask("pods/"))[1]) as { items: object[] }).items.length, 1);
  const [, metrics] = await ask("metrics/resource");
  assert.match(metrics, /^node_cpu_usage_seconds_total 2.5 1000$/m);
  assert.match(metrics, /^container_memory_working_set_bytes{container="web",namespace="default",pod="p"} 1024 900$/m);
  const summary: unknown = JSON.parse((await ask("stats/summary"))[1]);
  assert.deepEqual(summary, {
    node: {
      nodeName: "n",
      cpu: { time: "1970-01-01T00:00:01Z", usageCoreNanoSeconds: 2_500_000_000 },
      memory: { time: "1970-01-01T00:00:01Z", workingSetBytes: 4096 },
    },
    pods: [
      {
        podRef: { name: "p", namespace: "default", uid: "u" },
        containers: [
          {
            name: "web",
            cpu: { time: "1970-01-01T00:00:00Z", usageCoreNanoSeconds: 500_000_000 },
            memory: { time: "1970-01-01T00:00:00Z", workingSetBytes: 1024 },
          },
        ],
      },
    ],
  });
});

test("a kubelet counts running pods and containers in its metrics", async () => {
  const status = (state: object) => ({ name: "c", image: "i", imageID: "", ready: false, restartCount: 0, state });
  const running = status({ running: { startedAt: "2026-01-01T00:00:00Z" } });
  const ended = status({ terminated: { exitCode: 0 } });
  const pods = [
    { containerStatuses: [running, ended], initContainerStatuses: [ended] },
    { containerStatuses: [ended], ephemeralContainerStatuses: [running] },
    { containerStatuses: [status({ waiting: { reason: "CrashLoopBackOff" } })] },
    {},
  ].map((of) => ({ apiVersion: "v1", kind: "Pod", metadata: { name: "p" }, status: of }));
  const [code, text] = await ask("metrics", { ...kubelet, pods: () => pods });
  assert.equal(code, 200);
  assert.deepEqual(
    text.split("\n").filter((line) => line !== "" && !line.startsWith("#")),
    [
      'kubelet_node_name{node="n"} 1',
      "kubelet_running_pods 2",
      'kubelet_running_containers{container_state="exited"} 3',
      'kubelet_running_containers{container_state="running"} 2',
    ],
  );
});

test("a kubelet refuses the paths and methods that it does not serve", async () => {
  assert.deepEqual(await ask("logs/syslog"), [405, "logs endpoint is disabled.\n"]);
  assert.equal((await ask("run/x"))[0], 404);
  assert.equal((await ask("pods", kubelet, "POST"))[0], 405);
  const { stats: _, ...unmeasured } = kubelet;
  assert.equal((await ask("stats/summary", unmeasured))[0], 404);
});
