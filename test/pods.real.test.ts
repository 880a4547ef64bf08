import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { ContainerStatus, Pod } from "#objects";
import { skipUnlessReal } from "./equipment/machine.ts";
import { get } from "./equipment/requests.ts";
import { eventually, type Kubectl } from "./harness/cluster-under-test.ts";
import { useRealCluster } from "./harness/real-cluster.ts";

const skip = await skipUnlessReal();

/** A pod with these containers, in flow style, and more fields of its spec. */
const pod = (name: string, containers: readonly string[], ...spec: readonly string[]) => `
apiVersion: v1
kind: Pod
metadata: { name: ${name}, labels: { app: ${name} }, annotations: { note: noted } }
spec:
  terminationGracePeriodSeconds: 1
${spec.map((line) => `  ${line}\n`).join("")}  containers:
${containers.map((container) => `    - ${container}\n`).join("")}`;
const SLEEP = 'image: busybox, command: [sleep, "1000"]';
const shell = (script: string) => `image: busybox, command: [sh, -c, ${JSON.stringify(script)}]`;
const ONCE = "restartPolicy: Never";

const podOf = (kubectl: Kubectl, name: string) => kubectl.json<Pod>("pod", name);
const statuses = ({ status }: Pod): ReadonlyMap<string, ContainerStatus> =>
  new Map(
    [
      ...(status?.initContainerStatuses ?? []),
      ...(status?.containerStatuses ?? []),
      ...(status?.ephemeralContainerStatuses ?? []),
    ].map((each) => [each.name, each]),
  );
/** The pod, once it is as wanted. */
const until = (kubectl: Kubectl, name: string, what: string, holds: (pod: Pod) => boolean | undefined) =>
  eventually(
    `${name}: ${what}`,
    async () => {
      const found = await podOf(kubectl, name);
      return holds(found) && found;
    },
    60_000,
  );
const waitsFor = (reason: string) => (found: ContainerStatus | undefined) => found?.state?.waiting?.reason === reason;
const isReady = (found: Pod) =>
  found.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True");
const ended = (kubectl: Kubectl, name: string) =>
  until(kubectl, name, "to end", ({ status }) => ["Succeeded", "Failed"].includes(status?.phase ?? ""));
/** What Events say of an object: `Warning Failed: …`. */
async function eventsOf(kubectl: Kubectl, name: string): Promise<readonly string[]> {
  const { items } = await kubectl.json<{ items: { type: string; reason: string; message: string }[] }>(
    "events",
    `--field-selector=involvedObject.name=${name}`,
  );
  return items.map(({ type, reason, message }) => `${type} ${reason}: ${message}`);
}

describe("pods in real containers (S2, S6, S10, S11)", { skip, concurrency: 6 }, () => {
  const real = useRealCluster();
  const ready = async (name: string, ...manifests: readonly string[]) => {
    const kubectl = await real.cluster.inNamespace(name);
    await kubectl.apply(manifests.join("---"));
    await kubectl("wait", "--for=condition=Ready", "pod", "--all", "--timeout=60s");
    return kubectl;
  };
  const inside = (kubectl: Kubectl, name: string, script: string, container = "main") =>
    kubectl("exec", name, "-c", container, "--", "sh", "-c", script);

  test("containers share their network and IPC; init containers come in order, side-cars stay", async () => {
    const mount = "volumeMounts: [{ name: w, mountPath: /w }]";
    const started = "startupProbe: { exec: { command: [test, -e, /w/up] }, periodSeconds: 1 }";
    const side = `{ name: side, restartPolicy: Always, ${shell("echo side >> /w/order; sleep 1; touch /w/up; while [ -e /w/up ]; do sleep 0.2; done")}, ${started}, ${mount} }`;
    const kubectl = await ready(
      "shared",
      pod(
        "shared",
        [
          '{ name: server, image: "test/server:1", ports: [{ containerPort: 8080, hostPort: 18080 }] }',
          `{ name: main, ${SLEEP}, workingDir: /w, ${mount} }`,
        ],
        "initContainers:",
        `  - { name: one, ${shell("echo one >> /w/order")}, ${mount} }`,
        `  - ${side}`,
        `  - { name: two, ${shell("[ -e /w/up ] && echo two >> /w/order")}, ${mount} }`,
        "volumes: [{ name: w, emptyDir: {} }]",
      ),
    );
    assert.equal(await inside(kubectl, "shared", "pwd; cat order"), "/w\none\nside\ntwo\n");
    assert.equal(await inside(kubectl, "shared", "wget -qO- localhost:8080/hostname"), "shared");
    await inside(kubectl, "shared", "echo here > /dev/shm/note");
    assert.equal(await inside(kubectl, "shared", "cat /dev/shm/note", "server"), "here\n");
    // Each has its processes for itself.
    assert.equal(await inside(kubectl, "shared", "cat /proc/1/comm"), "sleep\n");
    for (const host of [real.namespace.address, "127.0.0.1"])
      assert.equal(await get(real.namespace, `http://${host}:18080/hostname`), "shared");
    const found = statuses(await podOf(kubectl, "shared"));
    assert.equal(found.get("one")?.state?.terminated?.reason, "Completed");
    assert.deepEqual([found.get("side")?.started, found.get("side")?.ready], [true, true]);
    assert.ok(found.get("side")?.state?.running);

    // A port of the node is given once: the second pod waits for another node.
    await kubectl.apply(pod("second", [`{ name: main, ${SLEEP}, ports: [{ containerPort: 1, hostPort: 18080 }] }`]));
    const condition = await eventually("the refusal", async () =>
      (await podOf(kubectl, "second")).status?.conditions?.find(({ type }) => type === "PodScheduled"),
    );
    assert.match(condition.message ?? "", /node\(s\) didn't have free ports for the requested pod ports/);
    // A side-car that ends is started again, and the others go on.
    await inside(kubectl, "shared", "rm /w/up", "main");
    const after = await until(
      kubectl,
      "shared",
      "the side-car again",
      (at) => statuses(at).get("side")?.restartCount === 1,
    );
    assert.deepEqual(
      ["main", "server", "two"].map((name) => statuses(after).get(name)?.restartCount),
      [0, 0, 0],
    );
  });

  test("variables from everywhere, and commands that use them", async () => {
    const kubectl = await real.cluster.inNamespace("environment");
    await kubectl("create", "service", "clusterip", "early", "--tcp=80:80");
    await kubectl("create", "configmap", "settings", "--from-literal=colour=blue");
    await kubectl("create", "secret", "generic", "hidden", "--from-literal=password=s3cret");
    const field = (name: string, path: string) =>
      `        - { name: ${name}, valueFrom: { fieldRef: { fieldPath: "${path}" } } }`;
    const resource = (name: string, of: string, divisor: string) =>
      `        - { name: ${name}, valueFrom: { resourceFieldRef: { resource: ${of}, divisor: ${divisor} } } }`;
    const lines = [
      "name: main",
      "      image: busybox",
      "      workingDir: /made/up",
      `      command: [sh, -c, 'tr "\\0" "\\n" < /proc/1/environ; echo "args: $0 $@"; pwd']`,
      '      args: ["$(COMBINED)", "$$(ESCAPED)", "$(MISSING)"]',
      "      resources: { requests: { cpu: 100m, memory: 32Mi }, limits: { memory: 64Mi } }",
      "      envFrom:",
      "        - { prefix: 'cfg.', configMapRef: { name: settings } }",
      "        - { secretRef: { name: hidden } }",
      "        - { configMapRef: { name: absent, optional: true } }",
      "      env:",
      "        - { name: PLAIN, value: plain }",
      '        - { name: COMBINED, value: "$(PLAIN)-$(password)-$(EARLY_SERVICE_PORT)" }',
      "        - { name: KEY, valueFrom: { configMapKeyRef: { name: settings, key: colour } } }",
      "        - { name: SECRET, valueFrom: { secretKeyRef: { name: hidden, key: password } } }",
      "        - { name: OPTIONAL, valueFrom: { secretKeyRef: { name: hidden, key: none, optional: true } } }",
      field("NAME", "metadata.name"),
      field("NAMESPACE", "metadata.namespace"),
      field("POD_UID", "metadata.uid"),
      field("LABEL", "metadata.labels['app']"),
      field("ANNOTATION", "metadata.annotations['note']"),
      field("POD_IP", "status.podIP"),
      field("HOST_IP", "status.hostIP"),
      field("HOST_IPS", "status.hostIPs"),
      field("NODE", "spec.nodeName"),
      field("ACCOUNT", "spec.serviceAccountName"),
      resource("CPU_REQUEST", "requests.cpu", "1m"),
      resource("CPU_LIMIT", "limits.cpu", '"1"'),
      resource("MEMORY_LIMIT", "limits.memory", "1Mi"),
    ];
    await kubectl.apply(pod("env", [lines.join("\n")], ONCE));
    const found = await ended(kubectl, "env");
    const text = await kubectl("logs", "env");
    const variables = new Map(text.split("\n").map((line) => [line.split("=")[0]!, line.slice(line.indexOf("=") + 1)]));
    const node = await kubectl.json<{ status: { allocatable: { cpu: string } } }>("node", found.spec!.nodeName!);
    const expected = {
      PLAIN: "plain",
      COMBINED: "plain-s3cret-80",
      KEY: "blue",
      SECRET: "s3cret",
      password: "s3cret",
      "cfg.colour": "blue",
      NAME: "env",
      NAMESPACE: "environment",
      POD_UID: found.metadata.uid,
      LABEL: "env",
      ANNOTATION: "noted",
      POD_IP: found.status!.podIP,
      HOST_IP: real.namespace.address,
      HOST_IPS: real.namespace.address,
      NODE: found.spec!.nodeName,
      ACCOUNT: "default",
      CPU_REQUEST: "100",
      CPU_LIMIT: node.status.allocatable.cpu,
      MEMORY_LIMIT: "64",
      HOSTNAME: "env",
      KUBERNETES_SERVICE_HOST: "10.96.0.1",
      EARLY_PORT_80_TCP_PROTO: "tcp",
    };
    for (const [name, value] of Object.entries(expected)) assert.equal(variables.get(name), value, name);
    assert.ok(!variables.has("OPTIONAL"));
    assert.match(text, /^args: plain-s3cret-80 \$\(ESCAPED\) \$\(MISSING\)\n\/made\/up$/m);
  });

  test("command and args stand for the image's entrypoint and its arguments", async () => {
    const kubectl = await real.cluster.inNamespace("commands");
    await kubectl.apply(
      pod(
        "commands",
        [
          '{ name: args, image: "test/server:1", args: [exit, "5"] }',
          '{ name: command, image: "test/server:1", command: [sh, -c, "exit 6"] }',
          '{ name: both, image: "test/server:1", command: [sh, -c, "exit $0"], args: ["7"] }',
        ],
        ONCE,
      ),
    );
    const found = statuses(await ended(kubectl, "commands"));
    const codes = ["args", "command", "both"].map((name) => found.get(name)?.state?.terminated?.exitCode);
    assert.deepEqual(codes, [5, 6, 7]);
  });

  test("securityContext: users, groups, capabilities, seccomp, read-only roots, privileges, sysctls", async () => {
    const root = "runAsUser: 0";
    const strict =
      "allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: [ALL], add: [NET_BIND_SERVICE] }";
    const kubectl = await ready(
      "security",
      pod(
        "secured",
        [
          `{ name: main, ${SLEEP}, volumeMounts: [{ name: d, mountPath: /d }], securityContext: { ${strict} } }`,
          `{ name: caps, ${SLEEP}, securityContext: { ${root}, capabilities: { add: [SYS_TIME], drop: [MKNOD] } } }`,
          `{ name: privileged, ${SLEEP}, securityContext: { ${root}, privileged: true } }`,
          `{ name: unconfined, ${SLEEP}, securityContext: { ${root}, runAsGroup: 9, seccompProfile: { type: Unconfined } } }`,
        ],
        "securityContext:",
        "  { runAsUser: 1000, runAsGroup: 3000, fsGroup: 2000, supplementalGroups: [4000], seccompProfile: { type: RuntimeDefault },",
        '    sysctls: [{ name: net.ipv4.ip_local_port_range, value: "40000 50000" }, { name: net/ipv4/tcp_syncookies, value: "0" }] }',
        "volumes: [{ name: d, emptyDir: {} }]",
      ),
      pod("plain", [`{ name: main, ${SLEEP} }`]),
    );
    const statusOf = async (container: string, name = "secured") => {
      const lines = (await inside(kubectl, name, "cat /proc/self/status", container)).split("\n");
      return new Map(lines.map((line) => [line.split(":")[0]!, line.slice(line.indexOf(":") + 1).trim()]));
    };
    const MKNOD = 1n << 27n;
    const SYS_TIME = 1n << 25n;
    const [user, caps, privileged, unconfined, plain] = await Promise.all([
      statusOf("main"),
      statusOf("caps"),
      statusOf("privileged"),
      statusOf("unconfined"),
      statusOf("main", "plain"),
    ]);
    assert.equal(await inside(kubectl, "secured", "id"), "uid=1000 gid=3000 groups=2000,3000,4000\n");
    assert.equal(user.get("CapBnd"), (1n << 10n).toString(16).padStart(16, "0"));
    assert.deepEqual([user.get("NoNewPrivs"), user.get("Seccomp")], ["1", "2"]);
    assert.match(await inside(kubectl, "secured", "touch /x 2>&1 || true"), /Read-only file system/);
    assert.match(
      await inside(kubectl, "secured", "touch /d/x; ls -nd /d /d/x"),
      /^drwxrwsrwx .* 0 +2000 .*\n-rw-r--r-- .* 1000 +2000 /,
    );
    const granted = BigInt(`0x${caps.get("CapEff")}`);
    const usual = BigInt(`0x${plain.get("CapEff")}`);
    assert.equal(granted, (usual | SYS_TIME) & ~MKNOD);
    assert.deepEqual([caps.get("NoNewPrivs"), caps.get("Seccomp")], ["0", "2"]);
    assert.equal(privileged.get("CapBnd"), (await statusOfSelf()).get("CapBnd"));
    assert.deepEqual([privileged.get("Seccomp"), unconfined.get("Seccomp"), plain.get("Seccomp")], ["0", "0", "0"]);
    assert.equal(unconfined.get("Gid")?.split("\t")[0], "9");
    assert.match(
      await inside(kubectl, "secured", "sysctl net.ipv4.ip_local_port_range net.ipv4.tcp_syncookies"),
      /= 40000\t50000\n.* = 0\n/,
    );
    // What only a privileged container may do.
    assert.notEqual((await kubectl.try(["exec", "plain", "--", "ip", "link", "set", "lo", "down"])).code, 0);
    await inside(kubectl, "secured", "ip link set lo down && ls /dev/kmsg >/dev/null", "privileged");
  });

  /** Of this machine's first process, which may do whatever can be done here. */
  async function statusOfSelf() {
    const lines = (await real.namespace.must("cat", ["/proc/self/status"])).split("\n");
    return new Map(lines.map((line) => [line.split(":")[0]!, line.slice(line.indexOf(":") + 1).trim()]));
  }

  test("what a node refuses, and what it cannot make, is said as upstream says it", async () => {
    const kubectl = await real.cluster.inNamespace("refused");
    await kubectl("create", "secret", "generic", "there", "--from-literal=a=b");
    const reference = (kind: string, name: string, key: string) =>
      `env: [{ name: X, valueFrom: { ${kind}KeyRef: { name: ${name}, key: ${key} } } }]`;
    const cases: readonly (readonly [
      name: string,
      container: string,
      reason: string,
      message: RegExp,
      event: RegExp,
    ])[] = [
      [
        "no-map",
        `${SLEEP}, envFrom: [{ configMapRef: { name: none } }]`,
        "CreateContainerConfigError",
        /^configmap "none" not found$/,
        /^Warning Failed: Error: configmap "none" not found$/,
      ],
      [
        "no-key",
        `${SLEEP}, ${reference("secret", "there", "none")}`,
        "CreateContainerConfigError",
        /^couldn't find key none in Secret refused\/there$/,
        /^Warning Failed: Error: couldn't find key none/,
      ],
      [
        "root",
        `${SLEEP}, securityContext: { runAsNonRoot: true }`,
        "CreateContainerConfigError",
        /^container has runAsNonRoot and image will run as root \(pod: "root_refused\(/,
        /^Warning Failed: Error: container has runAsNonRoot/,
      ],
      [
        "no-profile",
        `${SLEEP}, securityContext: { seccompProfile: { type: Localhost, localhostProfile: none.json } }`,
        "CreateContainerError",
        /seccomp.*none\.json/,
        /^Warning Failed: Error: .*seccomp/,
      ],
      [
        "never",
        "image: none, imagePullPolicy: Never",
        "ErrImageNeverPull",
        /^Container image "none" is not present with pull policy of Never$/,
        /^Warning ErrImageNeverPull: Container image "none" is not present with pull policy of Never$/,
      ],
      [
        "invalid",
        'image: "NO:NO"',
        "InvalidImageName",
        /^Failed to apply default image tag "NO:NO": couldn't parse image name "NO:NO": invalid reference format/,
        /^Warning InspectFailed: Failed to apply default image tag "NO:NO"/,
      ],
      [
        "absent",
        "image: busybox:none",
        "ImagePullBackOff",
        /^Back-off pulling image "busybox:none": ErrImagePull: .*docker\.io\/library\/busybox:none/,
        /^Normal BackOff: Back-off pulling image "busybox:none"$/,
      ],
      [
        "corrupt",
        "image: test/corrupt:1",
        "ImagePullBackOff",
        /unexpected commit digest/,
        /^Warning Failed: Error: ErrImagePull$/,
      ],
      [
        "foreign",
        "image: test/foreign:1",
        "ImagePullBackOff",
        /no match for platform in manifest/,
        /^Warning Failed: Failed to pull image "test\/foreign:1": .*no match for platform/,
      ],
      [
        "no-file",
        "image: busybox, command: [/nope]",
        "CrashLoopBackOff",
        /^back-off \d+s restarting failed container=main pod=no-file_refused\(/,
        /^Warning Failed: Error: .*exec: "\/nope": stat \/nope: no such file or directory: unknown$/,
      ],
      [
        "crash",
        shell("exit 7"),
        "CrashLoopBackOff",
        /^back-off \d+s restarting failed container=main pod=crash_refused\(/,
        /^Warning BackOff: Back-off restarting failed container main in pod crash_refused\(/,
      ],
    ];
    await kubectl.apply(cases.map(([name, container]) => pod(name, [`{ name: main, ${container} }`])).join("---"));
    for (const [name, , reason, message, event] of cases) {
      const found = await until(kubectl, name, reason, (at) => waitsFor(reason)(statuses(at).get("main")));
      assert.match(statuses(found).get("main")?.state?.waiting?.message ?? "", message, name);
      const told = await eventually(`${name}'s Events`, async () => {
        const events = await eventsOf(kubectl, name);
        return events.some((line) => event.test(line)) && events;
      });
      assert.ok(told.length > 1, name);
    }
    const last = statuses(await podOf(kubectl, "no-file")).get("main")?.lastState?.terminated;
    assert.deepEqual([last?.reason, last?.exitCode, last?.startedAt], ["StartError", 128, "1970-01-01T00:00:00Z"]);

    // Refused as a whole.
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
    // What was missing comes: the container starts by itself.
    await kubectl("create", "configmap", "none", "--from-literal=a=b");
    await kubectl("wait", "--for=condition=Ready", "pod/no-map", "--timeout=60s");
  });

  test("how containers end: exit codes, reasons, their last words", async () => {
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

  test("namespaces of the host, one for processes, names, DNS and hosts", async () => {
    const kubectl = await ready(
      "names",
      pod("host", [`{ name: main, ${SLEEP} }`], "hostNetwork: true", "hostPID: true", "hostIPC: true"),
      pod(
        "processes",
        [`{ name: main, ${SLEEP} }`, '{ name: other, image: busybox, command: [sleep, "2000"] }'],
        "shareProcessNamespace: true",
      ),
      pod(
        "named",
        [`{ name: main, ${SLEEP} }`],
        "hostname: alice",
        "subdomain: wonder",
        "setHostnameAsFQDN: true",
        "hostAliases: [{ ip: 10.1.2.3, hostnames: [one.local, two.local] }]",
        "dnsPolicy: None",
        "dnsConfig: { nameservers: [192.0.2.9], searches: [a.example], options: [{ name: ndots, value: '2' }, { name: edns0 }] }",
      ),
      pod(
        "resolving",
        [`{ name: main, ${SLEEP} }`],
        "dnsConfig: { searches: [more.example], options: [{ name: ndots, value: '3' }] }",
      ),
      pod("outside", [`{ name: main, ${SLEEP} }`], "dnsPolicy: Default"),
    );
    const links = await inside(kubectl, "host", "for i in net pid ipc; do readlink /proc/self/ns/$i; done");
    const own = await real.namespace.must("readlink", ["/proc/self/ns/net", "/proc/self/ns/pid", "/proc/self/ns/ipc"]);
    assert.equal(links, own);
    const found = await podOf(kubectl, "host");
    assert.equal(found.status?.podIP, found.status?.hostIP);
    assert.match(
      await inside(kubectl, "host", "cat /etc/hosts"),
      /^# Kubernetes-managed hosts file \(host network\)\.$/m,
    );
    const processes = await inside(kubectl, "processes", "ps -o args");
    for (const part of [/^\/pause$/m, /^sleep 1000$/m, /^sleep 2000$/m]) assert.match(processes, part);

    const full = "alice.wonder.names.svc.cluster.local";
    assert.equal(await inside(kubectl, "named", "hostname"), `${full}\n`);
    const hosts = await inside(kubectl, "named", "cat /etc/hosts");
    const { podIP } = (await podOf(kubectl, "named")).status!;
    assert.ok(hosts.includes(`\n${podIP}\t${full}\talice\n`), hosts);
    assert.ok(hosts.includes("\n# Entries added by HostAliases.\n10.1.2.3\tone.local\ttwo.local\n"), hosts);
    assert.equal(
      await inside(kubectl, "named", "cat /etc/resolv.conf"),
      "search a.example\nnameserver 192.0.2.9\noptions ndots:2 edns0\n",
    );
    const resolving = await inside(kubectl, "resolving", "cat /etc/resolv.conf");
    assert.match(
      resolving,
      /^search names\.svc\.cluster\.local svc\.cluster\.local cluster\.local( \S+)* more\.example\nnameserver 10\.96\.0\.10\noptions ndots:3\n$/,
    );
    assert.doesNotMatch(await inside(kubectl, "outside", "cat /etc/resolv.conf"), /10\.96\.0\.10|cluster\.local/);
  });

  test("resources are limits of the containers' cgroups and of the pod's", async () => {
    const resources = "resources: { requests: { cpu: 250m, memory: 32Mi }, limits: { cpu: 500m, memory: 64Mi } }";
    const same = "resources: { limits: { cpu: 100m, memory: 16Mi } }";
    const kubectl = await ready(
      "limits",
      pod("limited", [`{ name: main, ${SLEEP}, ${resources} }`, `{ name: other, ${SLEEP}, ${resources} }`]),
      pod("guaranteed", [`{ name: main, ${SLEEP}, ${same} }`]),
      pod("whatever", [`{ name: main, ${SLEEP} }`]),
    );
    const classes = { limited: "Burstable", guaranteed: "Guaranteed", whatever: "BestEffort" };
    for (const [name, qos] of Object.entries(classes)) assert.equal((await podOf(kubectl, name)).status?.qosClass, qos);
    const { uid } = (await podOf(kubectl, "limited")).metadata;
    const folders = (await real.namespace.must("find", ["/sys/fs/cgroup", "-maxdepth", "5", "-name", `pod${uid}`]))
      .trim()
      .split("\n");
    // cgroup v1, or v2.
    const read = async (v1: string, v2: string) => {
      for (const folder of folders)
        for (const file of [v1, v2]) {
          const { code, stdout } = await real.namespace.run("cat", [join(folder, file)]);
          if (code === 0) return stdout.trim();
        }
      return undefined;
    };
    assert.equal(await read("memory.limit_in_bytes", "memory.max"), String(128 << 20));
    assert.match((await read("cpu.cfs_quota_us", "cpu.max")) ?? "", /^100000( 100000)?$/);
    const own = await inside(
      kubectl,
      "limited",
      "cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes 2>/dev/null || cat memory.max",
    );
    assert.equal(own.trim(), String(64 << 20));
    const quota = await inside(
      kubectl,
      "limited",
      "cd /sys/fs/cgroup; cat cpu/cpu.cfs_quota_us 2>/dev/null || cat cpu.max",
    );
    assert.match(quota, /^50000( 100000)?\n/);
    const scores: readonly string[] = await Promise.all(
      Object.keys(classes).map((name) => inside(kubectl, name, "cat /proc/1/oom_score_adj")),
    );
    // Not every machine lets the score of a Guaranteed pod be lowered to -997.
    assert.ok(Number(scores[1]) <= 0);
    assert.equal(scores[2], "1000\n");
    assert.ok(Number(scores[0]) > 2 && Number(scores[0]) < 1000);
  });

  test("startup, liveness and readiness: by HTTP, TCP, exec and gRPC", async () => {
    const kubectl = await real.cluster.inNamespace("probes");
    const often = "periodSeconds: 1";
    await kubectl.apply(
      [
        pod("web", [
          `{ name: main, image: "test/server:1", args: [--start-delay, "2"], ports: [{ name: http, containerPort: 8080 }], startupProbe: { httpGet: { path: /healthz, port: http }, ${often}, failureThreshold: 30 }, livenessProbe: { httpGet: { path: /healthz, port: http }, ${often}, failureThreshold: 2 }, readinessProbe: { httpGet: { path: /readyz, port: http }, ${often}, failureThreshold: 1 } }`,
        ]),
        pod("tcp", [
          `{ name: main, ${shell("sleep 2; exec httpd -f -p 9000")}, readinessProbe: { tcpSocket: { port: 9000 }, ${often} }, livenessProbe: { tcpSocket: { port: 9000 }, ${often}, failureThreshold: 30 } }`,
        ]),
        pod("file", [
          `{ name: main, ${shell("touch /tmp/ok; sleep 3; rm /tmp/ok; sleep 1000")}, livenessProbe: { exec: { command: [cat, /tmp/ok] }, ${often}, failureThreshold: 1 } }`,
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
    const restarted = (name: string) =>
      until(kubectl, name, "to restart", (at) => statuses(at).get("main")!.restartCount > 0);
    const [file] = await Promise.all([restarted("file"), restarted("grpc"), restarted("startup")]);
    assert.deepEqual([statuses(file).get("main")?.lastState?.terminated?.exitCode], [137]);
    const told = (name: string, ...wanted: readonly RegExp[]) =>
      eventually(`${name}'s Events: ${wanted.join(", ")}`, async () => {
        const events = await eventsOf(kubectl, name);
        return wanted.every((event) => events.some((line) => event.test(line)));
      });
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
    await told(
      "tcp",
      /^Warning Unhealthy: Readiness probe failed: dial tcp 10\.244\.0\.\d+:9000: connect: connection refused$/,
    );
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

  test("hooks: after the start, before the end, and when they fail", async () => {
    const kubectl = await real.cluster.inNamespace("hooks");
    const exec = (script: string) => `exec: { command: [sh, -c, ${JSON.stringify(script)}] }`;
    const mount = "volumeMounts: [{ name: w, mountPath: /w }]";
    const folder = join(real.cluster.dir, "hooks");
    const waiting = (trap: string) => shell(`trap '${trap}; exit 0' TERM; while :; do sleep 0.1; done`);
    await kubectl.apply(
      [
        pod("listener", ['{ name: main, image: "test/server:1" }']),
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
    await kubectl("wait", "--for=condition=Ready", "pod/listener", "pod/hooked", "--timeout=60s");
    const { podIP } = (await podOf(kubectl, "listener")).status!;
    const call = (path: string) => `httpGet: { host: ${podIP}, port: 8080, path: ${path} }`;
    await kubectl.apply(
      pod("caller", [
        `{ name: main, ${SLEEP}, lifecycle: { postStart: { ${call('"/set?ready=0"')} }, preStop: { ${call('"/set?ready=1"')} } } }`,
      ]),
    );
    await kubectl("wait", "--for=condition=Ready", "pod/caller", "--timeout=60s");
    const readiness = async () =>
      (await kubectl.try(["get", "--raw", "/api/v1/namespaces/hooks/pods/listener:8080/proxy/readyz"])).code;
    assert.notEqual(await readiness(), 0);
    await Promise.all([kubectl("delete", "pod", "caller"), kubectl("delete", "pod", "hooked")]);
    assert.equal(await readiness(), 0);
    assert.equal(await real.namespace.must("cat", [join(folder, "log")]), "postStart\npreStop\nTERM\n");
    const hooked = await eventsOf(kubectl, "hooked");
    for (const event of ["Normal Killing: Stopping container main", "Warning FailedPreStopHook: PreStopHook failed"])
      assert.ok(hooked.includes(event), hooked.join("\n"));
    for (const name of ["failed", "refused"]) {
      await until(kubectl, name, "to be started again", (at) => statuses(at).get("main")!.restartCount > 0);
      const events = await eventsOf(kubectl, name);
      for (const event of ["Warning FailedPostStartHook: PostStartHook failed", "Normal Killing: FailedPostStartHook"])
        assert.ok(events.includes(event), events.join("\n"));
    }
  });

  test("restart policies, init containers that fail, deadlines and pods that ignore their end", async () => {
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
    await kubectl("wait", "--for=condition=Ready", "pod/deadline", "pod/stubborn", "--timeout=60s");
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
    assert.match(await kubectl("get", "pod", "init-always"), /0\/1 +Init:(CrashLoopBackOff|Error) /);
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
    await kubectl("wait", "--for=delete", `pod/${name}`, "--timeout=60s");
  });
});
