import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { skipUnlessReal } from "./support/machine.ts";
import { get } from "./support/requests.ts";
import { eventually, type Kubectl } from "./support/cluster-under-test.ts";
import { DESCRIBED_POD } from "./support/described-pod.ts";
import {
  pod,
  SLEEP,
  shell,
  ONCE,
  podOf,
  statuses,
  until,
  untilReady,
  waitsFor,
  ended,
  eventsOf,
} from "./support/pods.ts";
import { useRealCluster } from "./support/use-real-cluster.ts";

const skip = await skipUnlessReal();

describe("what pods are in real containers (S2, S6, S11)", { skip, concurrency: 6 }, () => {
  const real = useRealCluster();
  const inside = (kubectl: Kubectl, name: string, script: string, container = "main") =>
    kubectl("exec", name, "-c", container, "--", "sh", "-c", script);

  test("containers share their network and IPC; init containers come in order, side-cars stay", async () => {
    const mount = "volumeMounts: [{ name: w, mountPath: /w }]";
    const started = "startupProbe: { exec: { command: [test, -e, /w/up] }, periodSeconds: 1, failureThreshold: 60 }";
    const side = `{ name: side, restartPolicy: Always, ${shell("echo side >> /w/order; sleep 1; touch /w/up; while [ -e /w/up ]; do sleep 0.2; done")}, ${started}, ${mount} }`;
    const kubectl = await real.ready(
      "shared",
      pod(
        "shared",
        [
          '{ name: server, image: "test/server:1", ports: [{ containerPort: 8080, hostPort: 18080 }], readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 } }',
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
      await eventually(
        `the Pod on ${host}`,
        async () => (await get(real.namespace, `http://${host}:18080/hostname`)) === "shared",
      );
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

  test("variables come from every source, and commands use them", async () => {
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

  test("a securityContext sets users, groups, capabilities, seccomp, read-only roots, privileges and sysctls", async () => {
    const root = "runAsUser: 0";
    const strict =
      "allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: [ALL], add: [NET_BIND_SERVICE] }";
    const kubectl = await real.ready(
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

  test("seccomp profiles from the node's folder forbid what they say, and a missing one is an error", async () => {
    const folder = join(real.cluster.dataDir, "kubelet/seccomp");
    const noNewFolders = {
      defaultAction: "SCMP_ACT_ALLOW",
      syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO" }],
    };
    await mkdir(join(folder, "own"), { recursive: true });
    await writeFile(join(folder, "own/no-folders.json"), JSON.stringify(noNewFolders));
    await writeFile(join(folder, "own/broken.json"), "{");
    const profile = (name: string) => `seccompProfile: { type: Localhost, localhostProfile: own/${name}.json }`;
    const kubectl = await real.ready(
      "seccomp",
      pod(
        "profiles",
        [
          `{ name: main, ${SLEEP} }`,
          `{ name: free, ${SLEEP}, securityContext: { seccompProfile: { type: RuntimeDefault } } }`,
        ],
        `securityContext: { ${profile("no-folders")} }`,
      ),
    );
    const attempt = "mkdir /new 2>&1; grep Seccomp: /proc/self/status";
    assert.equal(
      await inside(kubectl, "profiles", attempt),
      "mkdir: can't create directory '/new': Operation not permitted\nSeccomp:\t2\n",
    );
    assert.equal(await inside(kubectl, "profiles", attempt, "free"), "Seccomp:\t2\n");

    const problems = {
      later: `cannot load seccomp profile "${folder}/own/later.json": open ${folder}/own/later.json: no such file or directory`,
      broken: `decoding seccomp profile failed "${folder}/own/broken.json": unexpected end of JSON input`,
    };
    for (const [name, problem] of Object.entries(problems)) {
      await kubectl.apply(pod(name, [`{ name: main, ${SLEEP}, securityContext: { ${profile(name)} } }`]));
      const found = await until(kubectl, name, "to be refused", (at) =>
        waitsFor("CreateContainerError")(statuses(at).get("main")),
      );
      // What comes before it is the runtime's way to say that this container could not be made.
      const message = statuses(found).get("main")?.state?.waiting?.message ?? "";
      assert.ok(message.endsWith(problem), message);
      await eventually("the Event", async () =>
        (await eventsOf(kubectl, name)).includes(`Warning Failed: Error: ${message}`),
      );
    }
    // It starts by itself once its profile is there.
    await writeFile(join(folder, "own/later.json"), JSON.stringify(noNewFolders));
    await untilReady(kubectl, "later");
    assert.match(await inside(kubectl, "later", attempt), /Operation not permitted/);
  });

  test("Pods share the host's namespaces or their processes, and have their own names, DNS and hosts, as they say", async () => {
    const kubectl = await real.ready(
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

  test("resources bound the cgroups of containers and of the Pod", async () => {
    const resources = "resources: { requests: { cpu: 250m, memory: 32Mi }, limits: { cpu: 500m, memory: 64Mi } }";
    const same = "resources: { limits: { cpu: 100m, memory: 16Mi } }";
    const kubectl = await real.ready(
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

  test("kubectl describe pod reads as upstream's", async () => {
    const probe = "readinessProbe: { httpGet: { path: /readyz, port: 8080 }, periodSeconds: 1 }";
    const resources = "resources: { requests: { cpu: 50m }, limits: { memory: 64Mi } }";
    const kubectl = await real.cluster.inNamespace("described");
    // A Pod that is quicker than the controller of these waits for them, and an Event says so.
    await kubectl("wait", "configmap/kube-root-ca.crt", "--for=create", "--timeout=120s");
    await kubectl.apply(
      pod("web", [
        `{ name: main, image: "test/server:1", imagePullPolicy: Always, args: [--name, me], ports: [{ containerPort: 8080 }], env: [{ name: A, value: a }], ${probe}, ${resources} }`,
      ]),
    );
    await untilReady(kubectl, "web");
    await eventually("the Events of the scheduler and of the node", async () => {
      const events = await eventsOf(kubectl, "web");
      return ["Scheduled", "Started"].every((reason) => events.some((line) => line.startsWith(`Normal ${reason}`)));
    });
    const text = await kubectl("describe", "pod", "web");
    // What differs from one run to the next.
    const node = await kubectl("get", "nodes", "-o", "jsonpath={.items[0].metadata.name}");
    const shown = text
      .replace(`${node}/`, "NODE/")
      .replace(`to ${node}\n`, "to NODE\n")
      .replace(/\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}/g, "TIME")
      .replace(/[0-9a-f]{64}/g, "HASH")
      .replace(/10\.244\.0\.\d+/g, "POD-IP")
      .replace(/kube-api-access-\w{5}/g, "kube-api-access-XXXXX")
      .replace(
        / in \S+ \(\S+ including waiting\)\. Image size: \d+ bytes/,
        " in T (T including waiting). Image size: N bytes",
      )
      .replace(/\d+(s|m|m\d+s)( +)kubelet|\d+(s|m|m\d+s)( +)default-scheduler/g, (line) =>
        line.replace(/^\S+ +/, "AGE "),
      )
      .replace(/^ +Warning +Unhealthy .*\n/gm, "")
      .replace(/ +$/gm, "")
      .replace(/^Annotations:[\s\S]*?^Status:/m, "Status:")
      .replace(/(?<=\S) {2,}/g, "  ");
    assert.equal(shown, DESCRIBED_POD);
  });
});
