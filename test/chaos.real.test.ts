import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createRandom } from "#base";
import type { Pod } from "#objects";
import { Casualties, shown } from "./support/casualties.ts";
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
const statusesOf = (pod: Pod) => pod.status?.containerStatuses ?? [];
const appOf = ({ metadata }: Pod) => metadata.labels?.["app"];
/** Which containers the steady Pods have, and how often each was restarted. */
const steady = (pods: readonly Pod[]) =>
  pods
    .filter((pod) => appOf(pod) === "steady")
    .flatMap((pod) => statusesOf(pod).map(({ containerID, restartCount }) => `${containerID} ${restartCount}`))
    .toSorted();
const isWell = (pod: Pod) =>
  !pod.metadata.deletionTimestamp && pod.status?.phase === "Running" && statusesOf(pod).every(({ ready }) => ready);

/** Deployments by name, and how many Pods of each there are to be at first. */
const APPS = { web: 3, churn: 2, steady: 2 } as const;
const KILLS = ["container", "container", "shim", "containerd", "knarr"] as const;
const LOADS = ["roll", "scale", "create", "create", "remove"] as const;

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
  /** Of those that may be hit one that is not going anyway. */
  const victims = async () =>
    (await pods()).filter((pod) => appOf(pod) !== "steady" && !pod.metadata.deletionTimestamp);
  const addressOf = async (service: string) =>
    (await kubectl.json<{ spec: { clusterIP: string } }>("service", service)).spec.clusterIP;
  const rolledOut = async () => {
    for (const name of Object.keys(APPS)) await kubectl("rollout", "status", `deployment/${name}`, "--timeout=120s");
  };

  const casualties = new Casualties();
  const look = async () => {
    const list = await pods();
    assert.deepEqual(casualties.observe(list), []);
    return list;
  };

  const kills: Record<(typeof KILLS)[number], (when: string) => Promise<void>> = {
    async container(when) {
      const running = (await victims())
        .flatMap((pod) => statusesOf(pod).map(({ name, containerID = "" }) => ({ pod, name, containerID })))
        .filter(({ containerID }) => processOf(real.dataDir, containerID));
      const target = pick(running);
      if (target && kill(processOf(real.dataDir, target.containerID)))
        casualties.hit(target.pod, target.name, `its process, ${when}`);
    },
    async shim(when) {
      const target = pick(await victims());
      if (!target) return;
      const shims = new Map(
        statusesOf(target).map(({ name, containerID = "" }) => [name, shimOf(real.dataDir, containerID)]),
      );
      const shim = [...shims.values()].find((one) => one !== undefined);
      if (shim === undefined || !kill(shim)) return;
      for (const { name } of target.spec?.containers ?? []) {
        if (shims.get(name) === shim) casualties.hit(target, name, `its shim, ${when}`);
        else casualties.perhapsHit(target, name);
      }
    },
    containerd: () => Promise.resolve(void kill(daemonOf(real.dataDir))),
    async knarr() {
      await real.current.stop("SIGKILL");
      if (random.int(2) === 0) kill(daemonOf(real.dataDir));
      await real.start();
    },
  };

  let tasks = 0;
  let image = 1;
  const loads: Record<(typeof LOADS)[number], () => Promise<unknown>> = {
    roll: () => kubectl("set", "image", "deployment/web", `main=test/server:${(image++ % 3) + 1}`),
    scale: () => kubectl("scale", "deployment/churn", `--replicas=${1 + random.int(4)}`),
    create: () => kubectl.apply(task(`task-${tasks++}`)),
    async remove() {
      const target = pick((await pods()).filter((pod) => appOf(pod) !== "steady"));
      if (target) await kubectl("delete", "pod", target.metadata.name!, "--wait=false", "--ignore-not-found");
    },
  };

  /** Resolves to what was done. */
  const playRound = async (round: number): Promise<string> => {
    const load = pick(LOADS)!;
    const what = pick(KILLS)!;
    const when = `in round ${round}`;
    // At the same time, or one right after the other.
    if (random.int(2) === 0 && what !== "knarr") await Promise.all([loads[load](), kills[what](when)]);
    else {
      await loads[load]();
      await kills[what](when);
    }
    return `${load}+${what}`;
  };

  test("whatever is killed, everything converges, and nothing else is restarted", async (t) => {
    for (const [name, replicas] of Object.entries(APPS)) await kubectl.apply(deployment(name, replicas));
    await rolledOut();
    const loop = requestLoop(real.namespace, `http://${await addressOf("web")}/hostname`);
    t.after(() => loop.stop());
    await loop.more(5);
    const steadyBefore = steady(await pods());
    assert.equal(steadyBefore.length, 4);

    const played: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      played.push(await playRound(round));
      await loop.more(3);
      await look();
    }
    t.diagnostic(played.join(" "));

    await rolledOut();
    const settled = await eventually("every pod to be well", async () => {
      const list = await look();
      // A Pod that was hit a moment ago still looks as before.
      assert.deepEqual(casualties.unnoticed(list), []);
      assert.deepEqual(list.filter((pod) => !isWell(pod)).map(shown), []);
      return list;
    });
    const count = (app: string) => settled.filter((pod) => appOf(pod) === app).length;
    const { replicas } = (await kubectl.json<{ spec: { replicas: number } }>("deployment", "churn")).spec;
    assert.deepEqual([count("web"), count("churn"), count("steady")], [3, replicas, 2]);
    for (const name of Object.keys(APPS)) {
      const ip = await addressOf(name);
      await eventually(`an answer of ${name}`, () => get(real.namespace, `http://${ip}/hostname`));
    }
    assert.deepEqual(steady(settled), steadyBefore, "a Pod of which nothing was killed is not restarted");
    assert.deepEqual(casualties.wrong(settled), []);
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
