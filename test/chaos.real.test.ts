import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createRandom } from "#base";
import type { Pod } from "#objects";
import { leaksSince, tracesNow, type Traces } from "./support/leaks.ts";
import { skipUnlessReal } from "./support/machine.ts";
import { startRestartable, type RestartableCluster } from "./support/real-cluster.ts";
import { daemonOf, kill, processOf, shellsOf, shimOf } from "./support/real-processes.ts";
import { get, requestLoop } from "./support/requests.ts";
import { eventually, type Kubectl } from "./support/cluster-under-test.ts";

const skip = await skipUnlessReal();
const SEED = Number(process.env["SEED"] ?? 7);
const ROUNDS = 14;

const deployment = (name: string, replicas: number) => `
apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name} }
spec:
  replicas: ${replicas}
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name} } }
    spec:
      terminationGracePeriodSeconds: 4
      containers:
        - name: main
          image: test/server:1
          args: [--drain, "1"]
          readinessProbe: { httpGet: { path: /readyz, port: 8080 }, periodSeconds: 1 }
          livenessProbe: { httpGet: { path: /healthz, port: 8080 }, periodSeconds: 2, timeoutSeconds: 5, failureThreshold: 10 }
          lifecycle: { preStop: { sleep: { seconds: 1 } } }
          volumeMounts: [{ name: memory, mountPath: /memory }, { name: settings, mountPath: /settings }]
        - name: beside
          image: busybox:1.36
          command: [sh, -c, "trap 'exit 0' TERM; while true; do echo tick; sleep 1 & wait; done"]
      volumes:
        - { name: memory, emptyDir: { medium: Memory } }
        - { name: settings, configMap: { name: kube-root-ca.crt } }
---
apiVersion: v1
kind: Service
metadata: { name: ${name} }
spec: { selector: { app: ${name} }, ports: [{ port: 80, targetPort: 8080 }] }
`;

const task = (name: string) => `
apiVersion: v1
kind: Pod
metadata: { name: ${name}, labels: { app: task } }
spec:
  terminationGracePeriodSeconds: 1
  volumes: [{ name: memory, emptyDir: { medium: Memory } }]
  containers:
    - { name: main, image: "busybox:1.36", command: [sleep, "3600"], volumeMounts: [{ name: memory, mountPath: /memory }] }
`;

interface PodList {
  readonly items: readonly Pod[];
}
const shown = ({ metadata, status }: Pod) =>
  `${metadata.name} ${metadata.deletionTimestamp ? "deleting" : ""} ${JSON.stringify(status?.containerStatuses)}`;
const statusesOf = (pod: Pod) => pod.status?.containerStatuses ?? [];

describe(`chaos under load, seed ${SEED}`, { skip, timeout: 900_000 }, () => {
  const random = createRandom(SEED);
  const pick = <T>(list: readonly T[]): T | undefined => list[random.int(list.length)];
  let real: RestartableCluster;
  let kubectl: Kubectl;
  let idle: Traces;

  before(async () => {
    real = await startRestartable();
    kubectl = await real.current.inNamespace("chaos");
    // What comes with the first pod and the first Service stays.
    await kubectl("run", "first", "--image=test/server:1", "--expose", "--port=8080");
    await kubectl("wait", "--for=condition=Ready", "pod/first", "--timeout=120s");
    await kubectl("delete", "pod,service", "first", "--grace-period=1");
    idle = await tracesNow(real.places);
  });
  after(() => real?.end());

  const pods = async () => (await kubectl.json<PodList>("pods")).items;

  test("whatever is killed, everything converges, and nothing else is restarted", async (t) => {
    for (const [name, replicas] of [
      ["web", 3],
      ["churn", 2],
      ["steady", 2],
    ] as const)
      await kubectl.apply(deployment(name, replicas));
    for (const name of ["web", "churn", "steady"])
      await kubectl("rollout", "status", `deployment/${name}`, "--timeout=120s");
    const { clusterIP } = (await kubectl.json<{ spec: { clusterIP: string } }>("service", "web")).spec;
    const loop = requestLoop(real.namespace, `http://${clusterIP}/hostname`);
    t.after(() => loop.stop());
    await loop.more(5);

    let round = 0;
    const restarts = new Map<string, number>();
    // Who is hit while being started may have been tried more than once, which counts.
    const restartsWhenSeen = new Map<string, number>();
    /** By what they were hit, and what they were then. */
    const killed = new Map<string, string>();
    // Those beside them that had not been seen to run: whether they were hit cannot be told.
    const maybeKilled = new Set<string>();
    const steady = (list: readonly Pod[]) =>
      list
        .filter(({ metadata }) => metadata.labels?.["app"] === "steady")
        .flatMap((pod) => statusesOf(pod).map(({ containerID, restartCount }) => `${containerID} ${restartCount}`))
        .toSorted();
    const steadyBefore = steady(await pods());
    assert.equal(steadyBefore.length, 4);

    const look = async () => {
      const list = await pods();
      for (const { metadata, status } of list) {
        for (const { name, restartCount, state } of status?.containerStatuses ?? []) {
          const key = `${metadata.uid} ${name}`;
          if (state?.running && !restartsWhenSeen.has(key)) restartsWhenSeen.set(key, restartCount);
          assert.ok(restartCount >= (restarts.get(key) ?? 0), `${metadata.name} ${name}: restarts count down`);
          restarts.set(key, restartCount);
        }
      }
      return list;
    };

    const kills = {
      container: async () => {
        const targets = (await pods())
          .filter(({ metadata }) => metadata.labels?.["app"] !== "steady" && !metadata.deletionTimestamp)
          .flatMap((pod) => statusesOf(pod).map(({ name, containerID = "" }) => ({ pod, name, containerID })));
        const target = pick(targets.filter(({ containerID }) => processOf(real.dataDir, containerID)));
        if (target && kill(processOf(real.dataDir, target.containerID)))
          killed.set(
            `${target.pod.metadata.uid} ${target.name}`,
            `its process, in round ${round}: ${shown(target.pod)}`,
          );
      },
      shim: async () => {
        const targets = (await pods()).filter(
          ({ metadata }) => metadata.labels?.["app"] !== "steady" && !metadata.deletionTimestamp,
        );
        const target = pick(targets);
        if (!target) return;
        const found = statusesOf(target).map(({ name, containerID = "" }) => ({
          name,
          shim: shimOf(real.dataDir, containerID),
        }));
        const shim = found.find((one) => one.shim !== undefined)?.shim;
        if (shim === undefined || !kill(shim)) return;
        for (const { name } of target.spec?.containers ?? []) {
          const hit = found.some((one) => one.name === name && one.shim === shim);
          const key = `${target.metadata.uid} ${name}`;
          if (hit) killed.set(key, `its shim, in round ${round}: ${shown(target)}`);
          else maybeKilled.add(key);
        }
      },
      containerd: () => Promise.resolve(void kill(daemonOf(real.dataDir))),
      knarr: async () => {
        await real.current.stop("SIGKILL");
        if (random.int(2) === 0) kill(daemonOf(real.dataDir));
        await real.start();
      },
    };
    let tasks = 0;
    let image = 1;
    const loads = {
      roll: () => kubectl("set", "image", "deployment/web", `main=test/server:${(image++ % 3) + 1}`),
      scale: () => kubectl("scale", "deployment/churn", `--replicas=${1 + random.int(4)}`),
      create: () => kubectl.apply(task(`task-${tasks++}`)),
      remove: async () => {
        const target = pick((await pods()).filter(({ metadata }) => metadata.labels?.["app"] !== "steady"));
        if (target) await kubectl("delete", "pod", target.metadata.name!, "--wait=false", "--ignore-not-found");
      },
    };
    const KILLS = ["container", "container", "shim", "containerd", "knarr"] as const;
    const LOADS = ["roll", "scale", "create", "create", "remove"] as const;
    const told: string[] = [];
    for (round = 0; round < ROUNDS; round++) {
      const load = pick(LOADS)!;
      const what = pick(KILLS)!;
      told.push(`${load}+${what}`);
      // At the same time, or one right after the other.
      if (random.int(2) === 0 && what !== "knarr") await Promise.all([loads[load](), kills[what]()]);
      else {
        await loads[load]();
        await kills[what]();
      }
      await loop.more(3);
      await look();
    }
    t.diagnostic(told.join(" "));

    for (const name of ["web", "churn", "steady"])
      await kubectl("rollout", "status", `deployment/${name}`, "--timeout=120s");
    // A Pod that was hit a moment ago still looks as before.
    const unnoticed = ({ metadata, status }: Pod) =>
      (status?.containerStatuses ?? []).flatMap(({ name, restartCount }) => {
        const how = restartCount === 0 ? killed.get(`${metadata.uid} ${name}`) : undefined;
        return how === undefined ? [] : [`${name} was killed by ${how}`];
      });
    const settled = await eventually("every pod to be well", async () => {
      const list = await look();
      assert.deepEqual(list.flatMap(unnoticed), []);
      const unwell = list.filter(
        (pod) =>
          pod.metadata.deletionTimestamp ||
          pod.status?.phase !== "Running" ||
          statusesOf(pod).some(({ ready }) => !ready),
      );
      assert.deepEqual(unwell.map(shown), []);
      return list;
    });
    const count = (app: string) => settled.filter(({ metadata }) => metadata.labels?.["app"] === app).length;
    const replicas = (await kubectl.json<{ spec: { replicas: number } }>("deployment", "churn")).spec.replicas;
    assert.deepEqual([count("web"), count("churn"), count("steady")], [3, replicas, 2]);
    for (const name of ["web", "churn", "steady"]) {
      const { spec } = await kubectl.json<{ spec: { clusterIP: string } }>("service", name);
      await eventually(`an answer of ${name}`, () => get(real.namespace, `http://${spec.clusterIP}/hostname`));
    }

    assert.deepEqual(steady(settled), steadyBefore, "who was not killed is not restarted");
    for (const pod of settled) {
      for (const { name, restartCount } of statusesOf(pod)) {
        const key = `${pod.metadata.uid} ${name}`;
        if (maybeKilled.has(key) && !killed.has(key)) continue;
        const more = restartCount > (killed.has(key) ? 0 : restartsWhenSeen.get(key)!);
        const why = killed.get(key) ?? "none";
        assert.equal(more, killed.has(key), `${name}: ${restartCount} restarts of ${shown(pod)}; killed: ${why}`);
      }
    }
    const { sent, failed, longestOutageMs } = await loop.stop();
    t.diagnostic(`${sent} requests, ${failed.length} failed, the longest outage ${Math.round(longestOutageMs)} ms`);
    assert.ok(sent > failed.length);
  });

  test("nothing is left of pods that are deleted", async () => {
    await kubectl("delete", "deployment,service,pod", "--all", "--wait=false");
    await eventually("all pods to be gone", async () => (await pods()).length === 0);
    // Who was killed has been replaced since.
    await eventually("nothing to be left", async () => {
      const { pid } = real.current.process;
      const shells = shellsOf(pid!);
      assert.ok(shells.length <= 2, `${shells.length} shells`);
      const current = new Set([pid, daemonOf(real.dataDir), ...shells]);
      const left = await leaksSince(idle, real.places, 0);
      const foreign = left.filter((trace) => !current.has(Number(/^process (\d+) /.exec(trace)?.[1])));
      assert.deepEqual(foreign, []);
      return true;
    });
  });

  test("nothing is left of the cluster after a purge", async () => {
    await real.current.stop();
    const { code, stderr } = await real.knarr("down", "--purge");
    assert.deepEqual([code, stderr], [0, ""]);
    assert.deepEqual(await real.left(), []);
  });
});
