import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { skipUnlessReal } from "./support/machine.ts";
import { eventually } from "./support/cluster-under-test.ts";
import { pod, SLEEP, shell, ONCE, podOf, statuses, until, waitsFor, isReady, ended, eventsOf } from "./support/pods.ts";
import { useRealCluster } from "./support/use-real-cluster.ts";

const skip = await skipUnlessReal();

/** A variable from a ConfigMap or a Secret. */
const reference = (kind: string, name: string, key: string) =>
  `env: [{ name: X, valueFrom: { ${kind}KeyRef: { name: ${name}, key: ${key} } } }]`;

/** Containers that cannot be made or started, and how that is shown: why they wait, and an Event. */
const UNSTARTABLE: readonly {
  readonly name: string;
  /** Its spec, but for the name. */
  readonly container: string;
  readonly reason: string;
  readonly message: RegExp;
  readonly event: RegExp;
}[] = [
  {
    name: "no-map",
    container: `${SLEEP}, envFrom: [{ configMapRef: { name: none } }]`,
    reason: "CreateContainerConfigError",
    message: /^configmap "none" not found$/,
    event: /^Warning Failed: Error: configmap "none" not found$/,
  },
  {
    name: "no-key",
    container: `${SLEEP}, ${reference("secret", "there", "none")}`,
    reason: "CreateContainerConfigError",
    message: /^couldn't find key none in Secret refused\/there$/,
    event: /^Warning Failed: Error: couldn't find key none/,
  },
  {
    name: "root",
    container: `${SLEEP}, securityContext: { runAsNonRoot: true }`,
    reason: "CreateContainerConfigError",
    message: /^container has runAsNonRoot and image will run as root \(pod: "root_refused\(/,
    event: /^Warning Failed: Error: container has runAsNonRoot/,
  },
  {
    name: "no-profile",
    container: `${SLEEP}, securityContext: { seccompProfile: { type: Localhost, localhostProfile: none.json } }`,
    reason: "CreateContainerError",
    message: /seccomp.*none\.json/,
    event: /^Warning Failed: Error: .*seccomp/,
  },
  {
    name: "never",
    container: "image: none, imagePullPolicy: Never",
    reason: "ErrImageNeverPull",
    message: /^Container image "none" is not present with pull policy of Never$/,
    event: /^Warning ErrImageNeverPull: Container image "none" is not present with pull policy of Never$/,
  },
  {
    name: "invalid",
    container: 'image: "NO:NO"',
    reason: "InvalidImageName",
    message: /^Failed to apply default image tag "NO:NO": couldn't parse image name "NO:NO": invalid reference format/,
    event: /^Warning InspectFailed: Failed to apply default image tag "NO:NO"/,
  },
  {
    name: "absent",
    container: "image: busybox:none",
    reason: "ImagePullBackOff",
    message: /^Back-off pulling image "busybox:none": ErrImagePull: .*docker\.io\/library\/busybox:none/,
    event: /^Normal BackOff: Back-off pulling image "busybox:none"$/,
  },
  {
    name: "corrupt",
    container: "image: test/corrupt:1",
    reason: "ImagePullBackOff",
    message: /unexpected commit digest/,
    event: /^Warning Failed: Error: ErrImagePull$/,
  },
  {
    name: "foreign",
    container: "image: test/foreign:1",
    reason: "ImagePullBackOff",
    message: /no match for platform in manifest/,
    event: /^Warning Failed: Failed to pull image "test\/foreign:1": .*no match for platform/,
  },
  {
    name: "no-file",
    container: "image: busybox, command: [/nope]",
    reason: "CrashLoopBackOff",
    message: /^back-off \d+s restarting failed container=main pod=no-file_refused\(/,
    event: /^Warning Failed: Error: .*exec: "\/nope": stat \/nope: no such file or directory: unknown$/,
  },
  {
    name: "crash",
    container: shell("exit 7"),
    reason: "CrashLoopBackOff",
    message: /^back-off \d+s restarting failed container=main pod=crash_refused\(/,
    event: /^Warning BackOff: Back-off restarting failed container main in pod crash_refused\(/,
  },
];

describe("how pods live in real containers (S2, S6, S10)", { skip, concurrency: 6 }, () => {
  const real = useRealCluster();

  test("a container that cannot be made or started waits with upstream's reason, message and Event", async () => {
    const kubectl = await real.cluster.inNamespace("refused");
    await kubectl("create", "secret", "generic", "there", "--from-literal=a=b");
    await kubectl.apply(
      UNSTARTABLE.map(({ name, container }) => pod(name, [`{ name: main, ${container} }`])).join("---"),
    );
    for (const { name, reason, message, event } of UNSTARTABLE) {
      const found = await until(kubectl, name, reason, (at) => waitsFor(reason)(statuses(at).get("main")));
      assert.match(statuses(found).get("main")?.state?.waiting?.message ?? "", message, name);
      await eventually(`${name}'s Events`, async () => {
        const events = await eventsOf(kubectl, name);
        // Beside the one that says where it was put.
        return events.some((line) => event.test(line)) && events.length > 1;
      });
    }
    const noFile = await until(kubectl, "no-file", "to back off", (at) =>
      waitsFor("CrashLoopBackOff")(statuses(at).get("main")),
    );
    const last = statuses(noFile).get("main")?.lastState?.terminated;
    assert.deepEqual([last?.reason, last?.exitCode, last?.startedAt], ["StartError", 128, "1970-01-01T00:00:00Z"]);

    // What was missing comes: the container starts by itself.
    await kubectl("create", "configmap", "none", "--from-literal=a=b");
    await kubectl("wait", "--for=condition=Ready", "pod/no-map", "--timeout=120s");
  });

  test("a Pod with a sysctl that the node does not allow is rejected", async () => {
    const kubectl = await real.cluster.inNamespace("sysctl");
    await kubectl.apply(
      pod(
        "sysctl",
        [`{ name: main, ${SLEEP} }`],
        'securityContext: { sysctls: [{ name: kernel.msgmax, value: "65536" }] }',
      ),
    );
    const { status } = await ended(kubectl, "sysctl");
    assert.deepEqual(
      [status?.phase, status?.reason, status?.message],
      ["Failed", "SysctlForbidden", 'Pod was rejected: forbidden sysctl: "kernel.msgmax" not allowlisted'],
    );
  });

  test("a Pod that asks for users of its own does not run where they are not to be had", async () => {
    const kubectl = await real.cluster.inNamespace("users");
    // It must not run as the node's root instead.
    await kubectl.apply(pod("users", [`{ name: main, ${SLEEP} }`], "hostUsers: false"));
    await eventually("the Event", async () =>
      (await eventsOf(kubectl, "users")).includes(
        'Warning FailedCreatePodSandBox: Failed to create pod sandbox: RuntimeClass handler "" does not support user namespaces',
      ),
    );
  });

  test("containers end with exit codes, reasons and their last words", async () => {
    const kubectl = await real.cluster.inNamespace("ends");
    const logs = "terminationMessagePolicy: FallbackToLogsOnError";
    await kubectl.apply(
      pod(
        "ends",
        [
          `{ name: file, ${shell("printf DONE > /dev/termination-log")} }`,
          `{ name: custom, ${shell("printf CUSTOM > /tmp/said; exit 3")}, terminationMessagePath: /tmp/said, securityContext: { runAsUser: 1000 } }`,
          `{ name: log, ${shell("echo said; printf unfinished; exit 1")}, ${logs} }`,
          `{ name: fine, ${shell("echo said")}, ${logs} }`,
          `{ name: both, ${shell("echo said; printf WRITTEN > /dev/termination-log; exit 1")}, ${logs} }`,
          '{ name: memory, image: "test/server:1", args: [leak], resources: { limits: { memory: 32Mi } } }',
        ],
        ONCE,
      ),
    );
    const found = await ended(kubectl, "ends");
    assert.equal(found.status?.phase, "Failed");
    const told = Object.fromEntries(
      [...statuses(found)].map(([name, { state }]) => {
        const { exitCode, reason, message } = state?.terminated ?? {};
        return [name, [exitCode, reason, message]];
      }),
    );
    assert.deepEqual(told, {
      file: [0, "Completed", "DONE"],
      custom: [3, "Error", "CUSTOM"],
      log: [1, "Error", "said\nunfinished"],
      fine: [0, "Completed", undefined],
      both: [1, "Error", "WRITTEN"],
      memory: [137, "OOMKilled", undefined],
    });
  });

  test("startup, liveness and readiness are probed by HTTP, TCP, exec and gRPC", async () => {
    const kubectl = await real.cluster.inNamespace("probes");
    const often = "periodSeconds: 1";
    await kubectl.apply(
      [
        pod("web", [
          `{ name: main, image: "test/server:1", args: [--start-delay, "2"], ports: [{ name: http, containerPort: 8080 }], startupProbe: { httpGet: { path: /healthz, port: http }, ${often}, failureThreshold: 60 }, livenessProbe: { httpGet: { path: /healthz, port: http }, ${often}, timeoutSeconds: 30, failureThreshold: 2 }, readinessProbe: { httpGet: { path: /readyz, port: http }, ${often}, failureThreshold: 1 } }`,
        ]),
        pod("tcp", [
          `{ name: main, ${shell("until [ -e /tmp/listen ]; do sleep 0.1; done; exec httpd -f -p 9000")}, readinessProbe: { tcpSocket: { port: 9000 }, ${often} }, livenessProbe: { tcpSocket: { port: 9000 }, ${often}, failureThreshold: 300 } }`,
        ]),
        pod("file", [
          `{ name: main, ${shell("touch /tmp/ok; sleep 3; rm /tmp/ok; sleep 1000")}, livenessProbe: { exec: { command: [cat, /tmp/ok] }, ${often}, timeoutSeconds: 30, failureThreshold: 1 } }`,
        ]),
        pod("grpc", [
          `{ name: main, ${SLEEP}, livenessProbe: { grpc: { port: 5000 }, ${often}, failureThreshold: 2 } }`,
        ]),
        pod("startup", [
          `{ name: main, ${SLEEP}, startupProbe: { exec: { command: ["false"] }, ${often}, failureThreshold: 2 } }`,
        ]),
        pod("never", [
          `{ name: main, ${SLEEP}, readinessProbe: { exec: { command: [sleep, "10"] }, ${often}, timeoutSeconds: 1 } }`,
        ]),
      ].join("---"),
    );
    const told = (name: string, ...wanted: readonly RegExp[]) =>
      eventually(`${name}'s Events: ${wanted.join(", ")}`, async () => {
        const events = await eventsOf(kubectl, name);
        return wanted.every((event) => events.some((line) => event.test(line)));
      });
    await told(
      "tcp",
      /^Warning Unhealthy: Readiness probe failed: dial tcp 10\.244\.0\.\d+:9000: connect: connection refused$/,
    );
    await kubectl("exec", "tcp", "--", "touch", "/tmp/listen");
    const restarted = (name: string) =>
      until(kubectl, name, "to restart", (at) => statuses(at).get("main")!.restartCount > 0);
    const [file] = await Promise.all([restarted("file"), restarted("grpc"), restarted("startup")]);
    assert.deepEqual([statuses(file).get("main")?.lastState?.terminated?.exitCode], [137]);
    await told(
      "file",
      /^Warning Unhealthy: Liveness probe failed: cat: can't open '\/tmp\/ok': No such file or directory\n?$/,
      /^Normal Killing: Container main failed liveness probe, will be restarted$/,
    );
    await told(
      "grpc",
      /^Warning Unhealthy: Liveness probe failed: timeout: failed to connect service "10\.244\.0\.\d+:5000" within 1s: context deadline exceeded$/,
    );
    await told(
      "startup",
      /^Warning Unhealthy: Startup probe failed: /,
      /^Normal Killing: Container main failed startup probe, will be restarted$/,
    );
    await told("never", /^Warning Unhealthy: Readiness probe failed: command "sleep 10" timed out$/);

    await until(kubectl, "web", "to be ready", isReady);
    await until(kubectl, "tcp", "to be ready", isReady);
    const set = (what: string) => kubectl("get", "--raw", `/api/v1/namespaces/probes/pods/web:8080/proxy/set?${what}`);
    await set("ready=0");
    const unready = await until(kubectl, "web", "not to be ready", (at) => !isReady(at));
    assert.equal(statuses(unready).get("main")?.restartCount, 0);
    await set("ready=1");
    await until(kubectl, "web", "to be ready again", isReady);
    await set("live=0");
    await restarted("web");
    await told(
      "web",
      /^Warning Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 503$/,
      /^Warning Unhealthy: Liveness probe failed: HTTP probe failed with statuscode: 50\d$/,
    );
    assert.equal(statuses(await podOf(kubectl, "tcp")).get("main")?.restartCount, 0);
    assert.equal(statuses(await podOf(kubectl, "never")).get("main")?.restartCount, 0);
    assert.ok(!isReady(await podOf(kubectl, "never")));
  });

  test("a gRPC probe tells a service that serves from one that no longer does or is not known", async () => {
    const kubectl = await real.cluster.inNamespace("grpc");
    const server = 'image: "test/server:1", args: [--grpc, "5000"]';
    const check = (service: string) =>
      `grpc: { port: 5000${service && `, service: ${service}`} }, periodSeconds: 1, timeoutSeconds: 30`;
    await kubectl.apply(
      [
        pod("health", [
          `{ name: main, ${server}, startupProbe: { ${check("")}, failureThreshold: 60 }, livenessProbe: { ${check("")}, failureThreshold: 2 }, readinessProbe: { ${check("ready")}, failureThreshold: 1 } }`,
        ]),
        pod("unknown", [`{ name: main, ${server}, readinessProbe: { ${check("absent")} } }`]),
      ].join("---"),
    );
    const set = (what: string) => kubectl("get", "--raw", `/api/v1/namespaces/grpc/pods/health:8080/proxy/set?${what}`);
    const told = (name: string, wanted: string) =>
      eventually(`${name}: ${wanted}`, async () => (await eventsOf(kubectl, name)).includes(wanted));

    await until(kubectl, "health", "to be ready", isReady);
    await set("ready=0");
    const unready = await until(kubectl, "health", "not to be ready", (at) => !isReady(at));
    const { started, restartCount } = statuses(unready).get("main")!;
    assert.deepEqual([started, restartCount], [true, 0]);
    await told("health", 'Warning Unhealthy: Readiness probe failed: service unhealthy (responded with "NOT_SERVING")');
    await set("ready=1");
    await until(kubectl, "health", "to be ready again", isReady);
    await set("live=0");
    await until(kubectl, "health", "to be restarted", (at) => statuses(at).get("main")!.restartCount === 1);
    await told("health", 'Warning Unhealthy: Liveness probe failed: service unhealthy (responded with "NOT_SERVING")');
    await told("health", "Normal Killing: Container main failed liveness probe, will be restarted");
    await until(kubectl, "health", "to be ready after its restart", isReady);

    await told(
      "unknown",
      "Warning Unhealthy: Readiness probe failed: error: health rpc probe failed: rpc error: code = NotFound desc = unknown service",
    );
    const unknown = await podOf(kubectl, "unknown");
    assert.deepEqual([isReady(unknown), statuses(unknown).get("main")?.restartCount], [false, 0]);
  });

  test("hooks run after the start and before the end, and their failures show", async () => {
    const kubectl = await real.cluster.inNamespace("hooks");
    const exec = (script: string) => `exec: { command: [sh, -c, ${JSON.stringify(script)}] }`;
    const mount = "volumeMounts: [{ name: w, mountPath: /w }]";
    const folder = join(real.cluster.dir, "hooks");
    const waiting = (trap: string) => shell(`trap '${trap}; exit 0' TERM; while :; do sleep 0.1; done`);
    await kubectl.apply(
      [
        pod("listener", [
          '{ name: main, image: "test/server:1", readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 } }',
        ]),
        pod(
          "hooked",
          [
            `{ name: main, ${waiting("echo TERM >> /w/log")}, ${mount}, lifecycle: { postStart: { ${exec("echo postStart >> /w/log")} }, preStop: { ${exec("echo preStop >> /w/log; sleep 1")} } } }`,
            `{ name: failing, ${waiting("true")}, lifecycle: { preStop: { ${exec("exit 5")} } } }`,
            `{ name: sleeping, ${waiting("true")}, lifecycle: { postStart: { sleep: { seconds: 1 } }, preStop: { sleep: { seconds: 1 } } } }`,
          ],
          `volumes: [{ name: w, hostPath: { path: ${folder}, type: DirectoryOrCreate } }]`,
        ).replace("terminationGracePeriodSeconds: 1", "terminationGracePeriodSeconds: 20"),
        pod("failed", [`{ name: main, ${SLEEP}, lifecycle: { postStart: { ${exec("exit 4")} } } }`]),
        pod("refused", [`{ name: main, ${SLEEP}, lifecycle: { postStart: { httpGet: { path: /, port: 4444 } } } }`]),
      ].join("---"),
    );
    await kubectl("wait", "--for=condition=Ready", "pod/listener", "pod/hooked", "--timeout=120s");
    const { podIP } = (await podOf(kubectl, "listener")).status!;
    const call = (path: string) => `httpGet: { host: ${podIP}, port: 8080, path: ${path} }`;
    await kubectl.apply(
      pod("caller", [
        `{ name: main, ${SLEEP}, lifecycle: { postStart: { ${call('"/set?ready=0"')} }, preStop: { ${call('"/set?ready=1"')} } } }`,
      ]),
    );
    await kubectl("wait", "--for=condition=Ready", "pod/caller", "--timeout=120s");
    const readiness = async () =>
      (await kubectl.try(["get", "--raw", "/api/v1/namespaces/hooks/pods/listener:8080/proxy/readyz"])).code;
    assert.notEqual(await readiness(), 0);
    await Promise.all([kubectl("delete", "pod", "caller"), kubectl("delete", "pod", "hooked")]);
    assert.equal(await readiness(), 0);
    assert.equal(await real.namespace.must("cat", [join(folder, "log")]), "postStart\npreStop\nTERM\n");
    const told = (name: string, ...wanted: readonly string[]) =>
      eventually(`${name}'s Events`, async () => {
        const events = await eventsOf(kubectl, name);
        for (const event of wanted) assert.ok(events.includes(event), events.join("\n"));
        return true;
      });
    await told("hooked", "Normal Killing: Stopping container main", "Warning FailedPreStopHook: PreStopHook failed");
    for (const name of ["failed", "refused"]) {
      await until(kubectl, name, "to be started again", (at) => statuses(at).get("main")!.restartCount > 0);
      await told(name, "Warning FailedPostStartHook: PostStartHook failed", "Normal Killing: FailedPostStartHook");
    }
  });

  test("restart policies, failing init containers, deadlines and ignored signals end Pods as upstream does", async () => {
    const kubectl = await real.cluster.inNamespace("restarts");
    const mount = "volumeMounts: [{ name: w, mountPath: /w }]";
    const volume = "volumes: [{ name: w, emptyDir: {} }]";
    const second = "[ -e /w/x ] && exit 0; touch /w/x; exit 1";
    const bad = `initContainers: [{ name: bad, ${shell("exit 3")} }]`;
    await kubectl.apply(
      [
        pod("failure", [`{ name: main, ${shell(second)}, ${mount} }`], "restartPolicy: OnFailure", volume),
        pod("always", [`{ name: main, ${shell("exit 0")} }`]),
        pod("never", [`{ name: main, ${shell("exit 3")} }`], ONCE),
        pod("init-never", [`{ name: main, ${SLEEP} }`], ONCE, bad),
        pod("init-always", [`{ name: main, ${SLEEP} }`], bad),
        pod(
          "init-again",
          [`{ name: main, ${SLEEP} }`],
          volume,
          `initContainers: [{ name: bad, ${shell(second)}, ${mount} }]`,
        ),
        pod("deadline", [`{ name: main, ${SLEEP} }`]),
        pod("stubborn", ['{ name: main, image: "test/server:1", args: [hang] }']),
      ].join("---"),
    );
    await kubectl("wait", "--for=condition=Ready", "pod/deadline", "pod/stubborn", "--timeout=120s");
    await kubectl("patch", "pod", "deadline", "-p", '{"spec":{"activeDeadlineSeconds":1}}');
    const { status } = await ended(kubectl, "deadline");
    assert.deepEqual(
      [status?.phase, status?.reason, status?.message],
      ["Failed", "DeadlineExceeded", "Pod was active on the node longer than the specified deadline"],
    );
    await kubectl("delete", "pod", "stubborn");

    const failure = await ended(kubectl, "failure");
    assert.deepEqual([failure.status?.phase, statuses(failure).get("main")?.restartCount], ["Succeeded", 1]);
    const never = await ended(kubectl, "never");
    assert.deepEqual([never.status?.phase, statuses(never).get("main")?.restartCount], ["Failed", 0]);
    const always = await until(kubectl, "always", "to back off", (at) =>
      waitsFor("CrashLoopBackOff")(statuses(at).get("main")),
    );
    assert.equal(always.status?.phase, "Running");

    const init = await ended(kubectl, "init-never");
    assert.equal(init.status?.phase, "Failed");
    assert.equal(statuses(init).get("main")?.state?.waiting?.reason, "PodInitializing");
    const again = await until(kubectl, "init-always", "to back off", (at) =>
      waitsFor("CrashLoopBackOff")(statuses(at).get("bad")),
    );
    assert.equal(again.status?.phase, "Pending");
    // Whenever a back-off is over it runs again.
    await eventually("get to say so", async () =>
      /0\/1 +Init:(CrashLoopBackOff|Error) /.test(await kubectl("get", "pod", "init-always")),
    );
    const healed = await until(kubectl, "init-again", "to be ready", isReady);
    assert.equal(statuses(healed).get("bad")?.restartCount, 1);
  });

  test("static pods come from a directory, and their mirrors come back", async () => {
    const kubectl = await real.cluster.inNamespace("static");
    const folder = join(real.cluster.dataDir, "manifests");
    await mkdir(folder, { recursive: true });
    const file = join(folder, "web.yaml");
    await writeFile(
      file,
      pod("web", [`{ name: main, ${SLEEP} }`]).replace("name: web,", "name: web, namespace: static,"),
    );
    const node = await kubectl("get", "nodes", "-o", "jsonpath={.items[0].metadata.name}");
    const name = `web-${node}`;
    const found = await until(kubectl, name, "to be ready", isReady);
    assert.equal(found.metadata.annotations?.["kubernetes.io/config.source"], "file");
    const id = statuses(found).get("main")?.containerID;
    await kubectl("delete", "pod", name, "--wait=false");
    const mirror = await until(
      kubectl,
      name,
      "to be back",
      (at) => at.metadata.uid !== found.metadata.uid && isReady(at),
    );
    assert.equal(statuses(mirror).get("main")?.containerID, id);
    await rm(file);
    await kubectl("wait", "--for=delete", `pod/${name}`, "--timeout=120s");
  });
});
