import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AnyContainer, ResolvedProcess } from "#kubelet";
import type { Container, Pod, PodSpec } from "#objects";
import { containerConfig, type ContainerSettings } from "./container.ts";
import { parseResolvConf, podDns, type DnsConfig } from "./dns.ts";
import { containerHash } from "./hash.ts";
import { hostNameOf, kernelName } from "./hostname.ts";
import { hostsFileText, nodeHostsFileText } from "./hosts.ts";
import { podLogFolder, podOfLogFolder } from "./names.ts";
import { containerResources, oomScore } from "./resources.ts";
import { sandboxConfig } from "./sandbox.ts";
import { containerSecurity, nonRootProblem, type ImageUser } from "./security.ts";

const UID = "0a1b2c3d-0000-4000-8000-000000000001";
const MAIN: Container = { name: "main", image: "nginx:1.27" };
const podOf = (spec: Partial<PodSpec> = {}, more: Partial<Pod["metadata"]> = {}): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "web", namespace: "default", uid: UID, ...more },
  spec: { containers: [MAIN], ...spec },
});
const NODE = { memoryBytes: 2 ** 33, hugePageSizes: ["2MB", "1GB"] };
const SETTINGS: ContainerSettings = {
  node: NODE,
  imageId: "sha256:abc",
  user: { uid: 0 },
  seccompFolder: "/k/seccomp",
  maskedPaths: ["/sys/own"],
};
const PROCESS: ResolvedProcess = { command: ["a"], args: ["b"], env: [{ name: "X", value: "y" }], mounts: [] };

describe("a container's hash", () => {
  it("is upstream's", () => {
    // Computed with k8s.io/kubernetes' own HashContainer.
    assert.equal(containerHash({ name: "web", image: "nginx:1.27<x>" }), "c1804a97");
    assert.notEqual(
      containerHash({ name: "web", image: "nginx:1.28" }),
      containerHash({ name: "web", image: "nginx:1.27" }),
    );
    assert.equal(
      containerHash({ name: "web", image: "nginx" }),
      containerHash({ name: "web", image: "nginx", command: ["x"] }),
    );
  });
});

describe("the names of a pod", () => {
  const cases: readonly (readonly [string, Partial<PodSpec>, string, string])[] = [
    ["its own", {}, "web", ""],
    ["hostname", { hostname: "busy" }, "busy", ""],
    ["subdomain", { subdomain: "sub" }, "web", "sub.default.svc.cluster.local"],
    ["override", { hostname: "busy", subdomain: "sub", hostnameOverride: "over.ride" }, "over.ride", ""],
    ["too long", { hostname: `${"a".repeat(61)}-.b` }, "a".repeat(61), ""],
  ];
  for (const [what, spec, name, domain] of cases) {
    it(`are a host name and a domain by upstream's rules: ${what}`, () =>
      assert.deepEqual(hostNameOf(podOf(spec), "cluster.local"), { name, domain }));
  }

  it("give the kernel the whole name when the pod asks for it and it is short enough", () => {
    const pod = podOf({ subdomain: "sub", setHostnameAsFQDN: true });
    assert.equal(kernelName(hostNameOf(pod, "cluster.local"), pod), "web.sub.default.svc.cluster.local");
    const long = podOf({ subdomain: "s".repeat(40), setHostnameAsFQDN: true });
    assert.throws(() => kernelName(hostNameOf(long, "cluster.local"), long), {
      message: `failed to construct FQDN from pod hostname and cluster domain, FQDN web.${"s".repeat(40)}.default.svc.cluster.local is too long (64 characters is the max, 70 characters requested)`,
    });
  });

  it("stand in its hosts file", () => {
    const aliases = [{ ip: "1.2.3.4", hostnames: ["foo", "foo.local"] }];
    assert.equal(
      hostsFileText(["10.244.0.5"], { name: "web", domain: "sub.default.svc.cluster.local" }, aliases),
      "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n10.244.0.5\tweb.sub.default.svc.cluster.local\tweb\n\n# Entries added by HostAliases.\n1.2.3.4\tfoo\tfoo.local\n",
    );
    assert.ok(
      hostsFileText(["10.244.0.5"], { name: "web", domain: "" }, []).endsWith(
        "fe00::2\tip6-allrouters\n10.244.0.5\tweb\n",
      ),
    );
    assert.equal(
      nodeHostsFileText("127.0.0.1 me\n", []),
      "# Kubernetes-managed hosts file (host network).\n127.0.0.1 me\n",
    );
  });

  it("name its folder of logs, and are read from it", () => {
    const folder = podLogFolder("/logs", { name: "web", namespace: "default", uid: UID });
    assert.equal(folder, `/logs/default_web_${UID}`);
    assert.equal(podOfLogFolder(`default_web_${UID}`), UID);
  });
});

describe("the DNS of a pod", () => {
  const node: DnsConfig = { servers: ["192.0.2.53"], searches: ["example.com", "cluster.local"], options: ["edns0"] };
  const cluster = { servers: ["10.96.0.10"], domain: "cluster.local" };
  const ofCluster: DnsConfig = {
    servers: ["10.96.0.10"],
    searches: ["default.svc.cluster.local", "svc.cluster.local", "cluster.local", "example.com"],
    options: ["ndots:5"],
  };
  const own = {
    nameservers: ["9.9.9.9", "10.96.0.10"],
    searches: ["own"],
    options: [{ name: "ndots", value: "2" }, { name: "rotate" }],
  };
  const cases: readonly (readonly [string, Partial<PodSpec>, DnsConfig])[] = [
    ["ClusterFirst", { dnsPolicy: "ClusterFirst" }, ofCluster],
    ["ClusterFirst in the node's network", { dnsPolicy: "ClusterFirst", hostNetwork: true }, node],
    ["ClusterFirstWithHostNet", { dnsPolicy: "ClusterFirstWithHostNet", hostNetwork: true }, ofCluster],
    ["Default", { dnsPolicy: "Default" }, node],
    [
      "None",
      { dnsPolicy: "None", dnsConfig: { nameservers: ["9.9.9.9"] } },
      { servers: ["9.9.9.9"], searches: [], options: [] },
    ],
    [
      "with its own",
      { dnsPolicy: "ClusterFirst", dnsConfig: own },
      { servers: ["10.96.0.10", "9.9.9.9"], searches: [...ofCluster.searches, "own"], options: ["ndots:2", "rotate"] },
    ],
  ];
  for (const [what, spec, dns] of cases) {
    it(`follows the policy: ${what}`, () =>
      assert.deepEqual(podDns(podOf(spec), cluster, node), { dns, warnings: [] }));
  }

  it("is the node's where the cluster has none", () => {
    const found = podDns(podOf({ dnsPolicy: "ClusterFirst" }), { servers: [], domain: "cluster.local" }, node);
    assert.deepEqual(found.dns, node);
  });

  it("is cut to the servers and search domains that resolvers take, with a warning", () => {
    const searches = Array.from({ length: 40 }, (_, i) => `${"s".repeat(70)}${i}`);
    const nameservers = ["1.1.1.1", "2.2.2.2", "3.3.3.3", "4.4.4.4"];
    const { dns, warnings } = podDns(podOf({ dnsPolicy: "None", dnsConfig: { nameservers, searches } }), cluster, node);
    assert.deepEqual(dns.servers, nameservers.slice(0, 3));
    assert.ok(dns.searches.join(" ").length <= 2048 && dns.searches.length === 28);
    assert.deepEqual(warnings, [
      "Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: 1.1.1.1 2.2.2.2 3.3.3.3",
      `Search Line limits were exceeded, some search paths have been omitted, the applied search line is: ${dns.searches.join(" ")}`,
    ]);
  });

  it("is read from the node's resolv.conf", () => {
    const text =
      "# x\nnameserver 1.1.1.1\nsearch a.\n nameserver 2.2.2.2\nsearch b. . c\noptions ndots:1 rotate\noptions ndots:3\nnameserver\n";
    assert.deepEqual(parseResolvConf(text), {
      servers: ["1.1.1.1", "2.2.2.2"],
      searches: ["b", "c"],
      options: ["ndots:3", "rotate"],
    });
  });
});

describe("the resources of a container", () => {
  const of = (resources: Container["resources"], spec: Partial<PodSpec> = {}) => {
    const container = { ...MAIN, ...(resources ? { resources } : {}) };
    const { hugepageLimits: _, ...rest } = containerResources(
      podOf({ containers: [container], ...spec }),
      container,
      NODE,
    );
    return rest;
  };
  const period = { cpuPeriod: 100_000 };

  it("are the least where nothing is asked for", () =>
    assert.deepEqual(of(undefined), { cpuShares: 2, cpuQuota: 0, ...period, oomScoreAdj: 1000 }));
  it("follow requests and limits", () =>
    assert.deepEqual(of({ requests: { cpu: "250m", memory: "64Mi" }, limits: { cpu: "500m", memory: "128Mi" } }), {
      cpuShares: 256,
      cpuQuota: 50_000,
      ...period,
      memoryLimitInBytes: 128 << 20,
      oomScoreAdj: 993,
    }));
  it("take the limit for the request", () =>
    assert.deepEqual(of({ limits: { cpu: "1" } }), {
      cpuShares: 1024,
      cpuQuota: 100_000,
      ...period,
      oomScoreAdj: 999,
    }));
  it("have the kernel's bounds", () => {
    assert.equal(of({ limits: { cpu: "1m" } }).cpuQuota, 1000);
    assert.equal(of({ requests: { cpu: "1000" } }).cpuShares, 262_144);
  });
  it("take the pod's limits where the container has none", () =>
    assert.equal(of(undefined, { resources: { limits: { memory: "1Gi", cpu: "2" } } }).memoryLimitInBytes, 1 << 30));

  it("allow no huge pages that are not asked for", () => {
    const container = { ...MAIN, resources: { limits: { "hugepages-2Mi": "4Mi" } } };
    const { hugepageLimits } = containerResources(podOf({ containers: [container] }), container, NODE);
    assert.deepEqual(hugepageLimits, [
      { pageSize: "2MB", limit: 4 << 20 },
      { pageSize: "1GB", limit: 0 },
    ]);
  });

  it("decide which process the kernel kills first", () => {
    const memory = (amount: string) => ({ requests: { memory: amount } });
    const score = (spec: Partial<PodSpec>, container: AnyContainer) => oomScore(podOf(spec), container, 2 ** 33);
    const whole = { requests: { cpu: "1", memory: "1Gi" }, limits: { cpu: "1", memory: "1Gi" } };
    const guaranteed = { ...MAIN, resources: whole };
    assert.equal(score({ containers: [guaranteed] }, guaranteed), -997);
    assert.equal(score({}, MAIN), 1000);
    assert.equal(score({ priority: 2_000_001_000 }, MAIN), -997);
    const burstable = { ...MAIN, resources: memory("2Gi") };
    assert.equal(score({ containers: [burstable] }, burstable), 750);
    const all = { ...MAIN, resources: memory("8Gi") };
    assert.equal(score({ containers: [all] }, all), 3);
    const sidecar: Container = { name: "side", image: "x", restartPolicy: "Always" };
    assert.equal(
      score({ containers: [burstable], initContainers: [sidecar] }, sidecar),
      750,
      "as well off as those it serves",
    );
    assert.equal(score({ resources: memory("4Gi") }, MAIN), 500, "the pod's own counts for its containers");
  });
});

describe("the security of a container", () => {
  const of = (
    spec: Partial<PodSpec>,
    container: Partial<Container> = {},
    user: ImageUser = { uid: 0 },
    targetId?: string,
  ) => containerSecurity(podOf(spec), { ...MAIN, ...container }, { ...SETTINGS, user, targetId });

  it("is the image's user by default, unconfined, without the paths that upstream hides", () => {
    const found = of({}, {}, { uid: 101 });
    assert.deepEqual(found.runAsUser, { value: 101 });
    assert.deepEqual(found.seccomp, { profileType: "Unconfined" });
    assert.deepEqual(found.namespaceOptions, { network: "POD", ipc: "POD", pid: "CONTAINER" });
    assert.ok(found.maskedPaths?.includes("/proc/kcore") && found.maskedPaths.includes("/sys/own"));
    assert.equal(found.noNewPrivs, false);
    assert.equal(of({}, {}, { name: "www" }).runAsUsername, "www");
  });

  it("follows the pod, and the container where it says something else", () => {
    const pod: Partial<PodSpec> = {
      securityContext: {
        runAsUser: 1,
        runAsGroup: 2,
        fsGroup: 3,
        supplementalGroups: [4],
        supplementalGroupsPolicy: "Strict",
        seccompProfile: { type: "RuntimeDefault" },
        appArmorProfile: { type: "RuntimeDefault" },
      },
    };
    const found = of(pod, {
      securityContext: { runAsUser: 5, procMount: "Unmasked", capabilities: { add: ["NET_ADMIN"], drop: ["ALL"] } },
    });
    assert.deepEqual(
      [found.runAsUser, found.runAsGroup, found.supplementalGroups, found.supplementalGroupsPolicy],
      [{ value: 5 }, { value: 2 }, [3, 4], "Strict"],
    );
    assert.deepEqual(found.seccomp, { profileType: "RuntimeDefault" });
    assert.deepEqual([found.apparmor, found.apparmorProfile], [{ profileType: "RuntimeDefault" }, "runtime/default"]);
    assert.deepEqual([found.maskedPaths, found.readonlyPaths], [[], []]);
    assert.deepEqual(found.capabilities, { addCapabilities: ["NET_ADMIN"], dropCapabilities: ["ALL"] });
    const local = of(pod, { securityContext: { seccompProfile: { type: "Localhost", localhostProfile: "p.json" } } });
    assert.deepEqual(local.seccomp, { profileType: "Localhost", localhostRef: "/k/seccomp/p.json" });
    assert.throws(
      () => of({}, { securityContext: { seccompProfile: { type: "Localhost" } } }),
      /localhostProfile must be set/,
    );
  });

  it("shares namespaces as the pod says", () => {
    assert.deepEqual(of({ hostNetwork: true, hostIPC: true, hostPID: true }).namespaceOptions, {
      network: "NODE",
      ipc: "NODE",
      pid: "NODE",
    });
    assert.equal(of({ shareProcessNamespace: true }).namespaceOptions?.pid, "POD");
    assert.deepEqual(of({}, {}, {}, "abc").namespaceOptions, {
      network: "POD",
      ipc: "POD",
      pid: "TARGET",
      targetId: "abc",
    });
    assert.equal(of({ shareProcessNamespace: true }, {}, {}, "abc").namespaceOptions?.pid, "POD");
  });

  const where = `(pod: "web_default(${UID})", container: main)`;
  const problems: readonly (readonly [string, number | undefined, ImageUser, string | undefined])[] = [
    ["a user of the pod's", 1000, { uid: 0 }, undefined],
    ["root by the pod", 0, { uid: 1 }, `container's runAsUser breaks non-root policy ${where}`],
    ["the image's user", undefined, { uid: 101 }, undefined],
    ["root by the image", undefined, { uid: 0 }, `container has runAsNonRoot and image will run as root ${where}`],
    [
      "a name",
      undefined,
      { name: "www" },
      `container has runAsNonRoot and image has non-numeric user (www), cannot verify user is non-root ${where}`,
    ],
  ];
  for (const [what, runAsUser, user, problem] of problems) {
    it(`refuses root where the pod forbids it: ${what}`, () => {
      const securityContext = { runAsNonRoot: true, ...(runAsUser === undefined ? {} : { runAsUser }) };
      assert.equal(nonRootProblem(podOf({ securityContext }), MAIN, user), problem);
      assert.equal(nonRootProblem(podOf(), MAIN, user), undefined, "no rule forbids it");
    });
  }
});

describe("a sandbox", () => {
  const settings = {
    logDir: "/logs",
    clusterDomain: "cluster.local",
    dns: { servers: [], searches: [], options: [] },
    cgroupParent: "/kubepods/x",
  };

  it("is labelled and set up as upstream does", () => {
    const container: Container = {
      ...MAIN,
      ports: [{ containerPort: 80, hostPort: 8080, protocol: "UDP", hostIP: "127.0.0.1" }],
      securityContext: { privileged: true },
    };
    const pod = podOf(
      {
        containers: [container],
        securityContext: { sysctls: [{ name: "net/a", value: "1" }], runAsUser: 7 },
        overhead: { cpu: "1" },
      },
      { labels: { app: "web" }, annotations: { note: "x" } },
    );
    const { linux, ...config } = sandboxConfig(pod, 3, settings);
    assert.deepEqual(config, {
      metadata: { name: "web", namespace: "default", uid: UID, attempt: 3 },
      hostname: "web",
      logDirectory: `/logs/default_web_${UID}`,
      dnsConfig: settings.dns,
      portMappings: [{ protocol: "UDP", containerPort: 80, hostPort: 8080, hostIp: "127.0.0.1" }],
      labels: {
        app: "web",
        "io.kubernetes.pod.name": "web",
        "io.kubernetes.pod.namespace": "default",
        "io.kubernetes.pod.uid": UID,
      },
      annotations: { note: "x" },
    });
    assert.deepEqual(linux, {
      cgroupParent: "/kubepods/x",
      securityContext: {
        namespaceOptions: { network: "POD", ipc: "POD", pid: "CONTAINER" },
        privileged: true,
        seccomp: { profileType: "RuntimeDefault" },
        runAsUser: { value: 7 },
        supplementalGroups: [],
      },
      sysctls: { "net.a": "1" },
      overhead: { cpuShares: 1024, cpuQuota: 100_000, cpuPeriod: 100_000, memoryLimitInBytes: 0 },
    });
  });

  it("is not made for users of its own: the node's would be root's", () => {
    assert.throws(() => sandboxConfig(podOf({ hostUsers: false }), 0, settings), {
      message: 'RuntimeClass handler "" does not support user namespaces',
    });
  });

  it("has no name of its own in the node's network", () => {
    assert.equal(sandboxConfig(podOf({ hostNetwork: true }), 0, settings).hostname, "");
  });
});

describe("a container's settings", () => {
  it("keep a preStop hook's integer beyond 2^53 exactly", () => {
    const container: Container = { ...MAIN, lifecycle: { preStop: { sleep: { seconds: 9007199254740993n } } } };
    const { annotations } = containerConfig(podOf(), container, 0, PROCESS, SETTINGS);
    assert.equal(annotations?.["io.kubernetes.container.preStopHandler"], '{"sleep":{"seconds":9007199254740993}}');
  });

  it("are labelled and annotated as upstream does", () => {
    const container: Container = {
      ...MAIN,
      terminationMessagePath: "/dev/termination-log",
      terminationMessagePolicy: "File",
      lifecycle: { preStop: { exec: { command: ["x"] } }, stopSignal: "SIGRTMIN+3" },
      ports: [{ containerPort: 80 }],
      stdin: true,
      workingDir: "/w",
    };
    const pod = podOf({ terminationGracePeriodSeconds: 30 }, { deletionGracePeriodSeconds: 5 });
    const config = containerConfig(pod, container, 2, PROCESS, SETTINGS);
    assert.deepEqual(config.labels, {
      "io.kubernetes.pod.name": "web",
      "io.kubernetes.pod.namespace": "default",
      "io.kubernetes.pod.uid": UID,
      "io.kubernetes.container.name": "main",
    });
    assert.deepEqual(config.annotations, {
      "io.kubernetes.container.hash": containerHash(container),
      "io.kubernetes.container.restartCount": "2",
      "io.kubernetes.container.terminationMessagePath": "/dev/termination-log",
      "io.kubernetes.container.terminationMessagePolicy": "File",
      "io.kubernetes.pod.deletionGracePeriod": "5",
      "io.kubernetes.pod.terminationGracePeriod": "30",
      "io.kubernetes.container.preStopHandler": '{"exec":{"command":["x"]}}',
      "io.kubernetes.container.ports": '[{"containerPort":80}]',
    });
    assert.deepEqual(
      [
        config.metadata,
        config.image,
        config.command,
        config.args,
        config.workingDir,
        config.logPath,
        config.stdin,
        config.stopSignal,
      ],
      [
        { name: "main", attempt: 2 },
        { image: "sha256:abc", userSpecifiedImage: "nginx:1.27" },
        ["a"],
        ["b"],
        "/w",
        "main/2.log",
        true,
        "SIGRTMINPLUS3",
      ],
    );
    assert.deepEqual(config.envs, [{ key: "X", value: new TextEncoder().encode("y") }]);
  });

  it("mount what the kubelet gives, unless a volume is there", () => {
    const container: Container = { ...MAIN, terminationMessagePath: "/dev/termination-log" };
    const files = { ...SETTINGS, hostsFile: "/k/etc-hosts", messageFile: "/k/message" };
    const volume = { containerPath: "/v", hostPath: "/k/v", readOnly: true, propagation: "HostToContainer" } as const;
    const mountsOf = (mounts: ResolvedProcess["mounts"]) =>
      containerConfig(podOf(), container, 0, { ...PROCESS, mounts }, files).mounts;
    const message = { containerPath: "/dev/termination-log", hostPath: "/k/message" };
    assert.deepEqual(mountsOf([volume]), [
      {
        containerPath: "/v",
        hostPath: "/k/v",
        readonly: true,
        recursiveReadOnly: false,
        propagation: "PROPAGATION_HOST_TO_CONTAINER",
      },
      { containerPath: "/etc/hosts", hostPath: "/k/etc-hosts" },
      message,
    ]);
    assert.deepEqual(mountsOf([{ ...volume, containerPath: "/etc/hosts" }])?.slice(1), [message]);
    assert.deepEqual(mountsOf([{ ...volume, image: "sha256:x", hostPath: "sub" }])?.[0], {
      containerPath: "/v",
      readonly: true,
      recursiveReadOnly: false,
      propagation: "PROPAGATION_HOST_TO_CONTAINER",
      image: { image: "sha256:x" },
      imageSubPath: "sub",
    });
  });
});
