import assert from "node:assert/strict";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { Pod } from "#objects";
import { skipUnlessReal } from "./support/machine.ts";
import { eventually, type Kubectl } from "./support/cluster-under-test.ts";
import { useRealCluster } from "./support/use-real-cluster.ts";

const skip = await skipUnlessReal();

const SLEEP = 'image: busybox, command: [sleep, "1000"]';
/** A pod that has its volumes mounted at `/<name>`, each given by its source; with more fields of the container. */
function pod(
  name: string,
  volumes: Readonly<Record<string, string>>,
  container = "",
  ...spec: readonly string[]
): string {
  const mounts = Object.keys(volumes).map((volume) => `{ name: ${volume}, mountPath: /${volume} }`);
  return `
apiVersion: v1
kind: Pod
metadata: { name: ${name}, labels: { tier: one }, annotations: { build: "1" } }
spec:
  terminationGracePeriodSeconds: 1
${spec.map((line) => `  ${line}\n`).join("")}  containers:
    - { name: main, ${SLEEP}, volumeMounts: [${mounts.join(", ")}]${container && `, ${container}`} }
  volumes:
${Object.entries(volumes)
  .map(([volume, source]) => `    - { name: ${volume}, ${source} }\n`)
  .join("")}`;
}
const SOURCES = `
apiVersion: v1
kind: ConfigMap
metadata: { name: map }
data: { one: "1", two: "2", a.conf: mine }
binaryData: { bin: AAEC/w== }
---
apiVersion: v1
kind: Secret
metadata: { name: secret }
stringData: { user: admin, password: pw }
`;

describe("volumes of real containers (S11)", { skip, concurrency: 6 }, () => {
  // ClusterTrustBundles are served only where they are asked for.
  const trust = [
    "--runtime-config",
    "certificates.k8s.io/v1beta1=true",
    "--feature-gates",
    "ClusterTrustBundle=true,ClusterTrustBundleProjection=true",
  ];
  const real = useRealCluster({ args: () => Promise.resolve(trust) });
  const inNamespace = async (name: string) => {
    const kubectl = await real.cluster.inNamespace(name);
    await kubectl.apply(SOURCES);
    return kubectl;
  };
  const start = async (kubectl: Kubectl, ...manifests: readonly string[]) => {
    await kubectl.apply(manifests.join("---"));
    await kubectl("wait", "--for=condition=Ready", "pod", "--all", "--timeout=120s");
  };
  const inside = (kubectl: Kubectl, name: string, script: string) =>
    kubectl("exec", name, "-c", "main", "--", "sh", "-c", script);
  /** Waits until a script prints this. */
  const shows = (kubectl: Kubectl, name: string, script: string, wanted: string) =>
    eventually(`${script}: ${wanted}`, async () => (await inside(kubectl, name, script)) === wanted);
  const modes = (...files: readonly string[]) => `stat -Lc '%a %u %g %n' ${files.join(" ")}`;

  test("ConfigMaps and Secrets have their keys, paths, modes and owners, and may be optional", async () => {
    const kubectl = await inNamespace("files");
    const volumes = {
      map: "configMap: { name: map }",
      again: "configMap: { name: map, defaultMode: 0400 }",
      items: "configMap: { name: map, items: [{ key: one, path: deep/er/one, mode: 0440 }, { key: bin, path: bin }] }",
      secret: "secret: { secretName: secret, defaultMode: 0440 }",
      optional: "configMap: { name: absent, optional: true }",
      absent: "secret: { secretName: absent, optional: true }",
    };
    await start(
      kubectl,
      pod("root", volumes),
      pod("user", volumes, "", "securityContext: { runAsUser: 1000, fsGroup: 1001 }"),
    );
    assert.equal(
      await inside(kubectl, "root", "cd /map; for f in *; do echo $f; done; cat one two a.conf"),
      "a.conf\nbin\none\ntwo\n12mine",
    );
    assert.equal(await inside(kubectl, "root", "od -An -tx1 /items/bin"), " 00 01 02 ff\n");
    assert.equal(
      await inside(
        kubectl,
        "root",
        modes("/map/one", "/again/one", "/items/deep/er/one", "/items/bin", "/secret/user"),
      ),
      "644 0 0 /map/one\n400 0 0 /again/one\n440 0 0 /items/deep/er/one\n644 0 0 /items/bin\n440 0 0 /secret/user\n",
    );
    assert.equal(await inside(kubectl, "root", "ls /optional /absent | wc -w"), "2\n");
    // The group of the volumes may read what only their owner may otherwise (upstream SetVolumeOwnership).
    assert.equal(await inside(kubectl, "user", "id -u; cat /map/one /secret/password /again/one"), "1000\n1pw1");
    assert.equal(
      await inside(kubectl, "user", modes("/secret/user", "/again/one")),
      "440 0 1001 /secret/user\n440 0 1001 /again/one\n",
    );
    const readOnly = await kubectl.try(["exec", "root", "--", "touch", "/map/x"]);
    assert.match(readOnly.stderr, /Read-only file system/);
    assert.match(await inside(kubectl, "root", "grep ' /secret ' /proc/mounts"), /^tmpfs \/secret tmpfs ro/);
  });

  test("one volume has several sources, among them a token that the API takes", async () => {
    const kubectl = await inNamespace("projected");
    const sources = [
      "{ secret: { name: secret, items: [{ key: user, path: my/user }] } }",
      "{ configMap: { name: map, items: [{ key: two, path: two, mode: 0400 }] } }",
      "{ downwardAPI: { items: [{ path: name, fieldRef: { fieldPath: metadata.name } }] } }",
      "{ serviceAccountToken: { path: token, audience: other, expirationSeconds: 600 } }",
    ];
    await kubectl("create", "serviceaccount", "worker");
    const all = { all: `projected: { defaultMode: 0444, sources: [${sources.join(", ")}] }` };
    await start(kubectl, pod("all", all, "", "serviceAccountName: worker"));
    assert.equal(await inside(kubectl, "all", "cd /all; cat my/user two name"), "admin2all");
    assert.equal(await inside(kubectl, "all", modes("/all/name", "/all/two")), "444 0 0 /all/name\n400 0 0 /all/two\n");
    const claims = JSON.parse(
      Buffer.from((await inside(kubectl, "all", "cat /all/token")).split(".")[1]!, "base64url").toString(),
    ) as Record<string, unknown>;
    assert.deepEqual([claims["aud"], claims["sub"]], [["other"], "system:serviceaccount:projected:worker"]);

    // As client libraries in the pod do: by the name of the API, with the authority and the token at the usual place.
    const folder = "/var/run/secrets/kubernetes.io/serviceaccount";
    const [token, authority, own] = await Promise.all(
      ["token", "ca.crt", "namespace"].map((file) => inside(kubectl, "all", `cat ${folder}/${file}`)),
    );
    assert.equal(own, "projected");
    const file = join(real.cluster.dir, "ca.crt");
    await writeFile(file, authority!);
    const { clusterIP } = (
      await kubectl.json<{ spec: { clusterIP: string } }>("service", "kubernetes", "-n", "default")
    ).spec;
    const asIn = (bearer: string) => {
      const where = [
        "--kubeconfig=/dev/null",
        `--server=https://${clusterIP}`,
        "--tls-server-name=kubernetes.default.svc",
      ];
      return kubectl.try([...where, `--certificate-authority=${file}`, `--token=${bearer}`, "auth", "whoami"]);
    };
    assert.match((await asIn(token!)).stdout, /^Username +system:serviceaccount:projected:worker$/m);
    assert.match((await asIn(await inside(kubectl, "all", "cat /all/token"))).stderr, /Unauthorized/);
    assert.ok((await inside(kubectl, "all", "nslookup kubernetes.default.svc.cluster.local")).includes(clusterIP));
  });

  test("certificates to trust come by name and by signer, and follow their bundles", async () => {
    const kubectl = await inNamespace("trust");
    const config = await kubectl(
      "config",
      "view",
      "--raw",
      "-o",
      "jsonpath={.clusters[0].cluster.certificate-authority-data}",
    );
    const authority = Buffer.from(config, "base64").toString();
    const bundle = (name: string, signer: string) => `
apiVersion: certificates.k8s.io/v1beta1
kind: ClusterTrustBundle
metadata: { name: "${name}", labels: { tier: one } }
spec: { ${signer}trustBundle: ${JSON.stringify(authority)} }
`;
    await kubectl.apply(bundle("roots", ""));
    const source = (fields: string) => `projected: { sources: [{ clusterTrustBundle: { path: ca.pem, ${fields} } }] }`;
    await start(
      kubectl,
      pod("trusting", {
        named: source("name: roots"),
        signed: source(
          'signerName: "example.com/signer", labelSelector: { matchLabels: { tier: one } }, optional: true',
        ),
      }),
    );
    assert.equal(await inside(kubectl, "trusting", "cat /named/ca.pem; wc -c < /signed/ca.pem"), `${authority}0\n`);
    await kubectl.apply(bundle("example.com:signer:one", 'signerName: "example.com/signer", '));
    await shows(kubectl, "trusting", "cat /signed/ca.pem", authority);
    await kubectl("delete", "clustertrustbundles", "--all");
  });

  test("the downward API writes fields, resources, and what the node has where there is no limit", async () => {
    const kubectl = await inNamespace("downward");
    const field = (path: string, of: string) => `{ path: ${path}, fieldRef: { fieldPath: "${of}" } }`;
    const resource = (path: string, of: string, more = "") =>
      `{ path: ${path}, resourceFieldRef: { containerName: main, resource: ${of}${more} } }`;
    const items = [
      field("labels", "metadata.labels"),
      field("annotations", "metadata.annotations"),
      field("name", "metadata.name"),
      resource("cpu", "limits.cpu", ", divisor: 1m"),
      resource("memory", "requests.memory"),
      `{ path: private, mode: 0400, fieldRef: { fieldPath: metadata.uid } }`,
    ];
    const limits = "resources: { limits: { cpu: 250m, memory: 32Mi } }";
    const fallback = `downwardAPI: { items: [${resource("cpu", "limits.cpu")}, ${resource("memory", "limits.memory", ", divisor: 1Ki")}] }`;
    await start(
      kubectl,
      pod("down", { down: `downwardAPI: { items: [${items.join(", ")}] }` }, limits),
      pod("unlimited", { down: fallback }),
    );
    assert.equal(
      await inside(kubectl, "down", "cd /down; cat name; echo; cat cpu; echo; cat memory"),
      "down\n250\n33554432",
    );
    assert.equal(await inside(kubectl, "down", "cat /down/labels"), 'tier="one"');
    assert.match(await inside(kubectl, "down", "cat /down/annotations"), /^build="1"$/m);
    assert.equal(await inside(kubectl, "down", modes("/down/private")), "400 0 0 /down/private\n");
    const [node] = (
      await kubectl.json<{ items: { status: { allocatable: { cpu: string; memory: string } } }[] }>("nodes")
    ).items;
    const { cpu, memory } = node!.status.allocatable;
    assert.equal(
      `${await inside(kubectl, "unlimited", "cat /down/cpu; echo; cat /down/memory")}Ki`,
      `${cpu}\n${memory}`,
    );

    await kubectl("label", "pod", "down", "tier=two", "--overwrite");
    await kubectl("annotate", "pod", "down", "build=2", "--overwrite");
    await shows(kubectl, "down", "cat /down/labels; grep ^build /down/annotations", 'tier="two"build="2"\n');
  });

  test("files follow the API, all at once, but one that is mounted by itself stays", async () => {
    const kubectl = await inNamespace("updates");
    const mounts = `volumeMounts: [{ name: map, mountPath: /map }, { name: secret, mountPath: /secret }, { name: maybe, mountPath: /maybe }, { name: all, mountPath: /all }, { name: map, mountPath: /etc/a.conf, subPath: a.conf }]`;
    const volumes = {
      map: "configMap: { name: map }",
      secret: "secret: { secretName: secret }",
      maybe: "configMap: { name: maybe, optional: true }",
      all: "projected: { sources: [{ configMap: { name: map } }, { secret: { name: maybe, optional: true } }] }",
    };
    await start(kubectl, pod("live", volumes).replace(/volumeMounts: \[.*\]/, mounts));
    const before = await inside(kubectl, "live", "readlink /map/..data");
    await kubectl("patch", "configmap", "map", "-p", '{"data":{"one":"uno","two":null,"three":"3","a.conf":"yours"}}');
    await kubectl("patch", "secret", "secret", "-p", '{"stringData":{"user":"root"}}');
    await kubectl("create", "configmap", "maybe", "--from-literal=now=there");
    await kubectl("create", "secret", "generic", "maybe", "--from-literal=later=there");
    await shows(
      kubectl,
      "live",
      "cat /map/one /map/three /secret/user /maybe/now /all/one /all/later; ls /map",
      "uno3rootthereunotherea.conf\nbin\none\nthree\n",
    );
    assert.notEqual(await inside(kubectl, "live", "readlink /map/..data"), before);
    assert.equal(await inside(kubectl, "live", "cat /etc/a.conf"), "mine");
    await kubectl("delete", "configmap", "maybe");
    await shows(kubectl, "live", "ls /maybe", "");
  });

  test("an emptyDir is on disk or in memory, bounded, shared and gone with the Pod, and has sub paths", async () => {
    const kubectl = await inNamespace("scratch");
    const volumes = { disk: "emptyDir: {}", memory: "emptyDir: { medium: Memory, sizeLimit: 2Mi }" };
    const mounts = `volumeMounts: [{ name: disk, mountPath: /disk }, { name: memory, mountPath: /memory }, { name: disk, mountPath: /mine, subPathExpr: "$(POD)/x" }]`;
    const env = "env: [{ name: POD, valueFrom: { fieldRef: { fieldPath: metadata.name } } }]";
    const manifest = pod("scratch", volumes, env).replace(/volumeMounts: \[.*\], env/, `${mounts}, env`);
    const other = `    - { name: other, ${SLEEP}, securityContext: { runAsUser: 1001 }, volumeMounts: [{ name: disk, mountPath: /disk }, { name: memory, mountPath: /memory }] }\n`;
    await start(kubectl, manifest.replace("  volumes:", `${other}  volumes:`));
    assert.equal(await inside(kubectl, "scratch", "stat -c %a /disk /memory"), "777\n1777\n");
    await inside(kubectl, "scratch", "echo written > /mine/file; echo fast > /memory/file");
    const read = ["exec", "scratch", "-c", "other", "--", "sh", "-c"];
    assert.equal(
      await kubectl(...read, "cat /disk/scratch/x/file /memory/file; touch /disk/own; stat -c %u /disk/own"),
      "written\nfast\n1001\n",
    );
    assert.match(await inside(kubectl, "scratch", "grep ' /memory ' /proc/mounts"), /^tmpfs .*size=2048k/);
    const full = await kubectl.try([
      "exec",
      "scratch",
      "-c",
      "main",
      "--",
      "dd",
      "if=/dev/zero",
      "of=/memory/big",
      "bs=1M",
      "count=3",
    ]);
    assert.match(full.stderr, /No space left on device/);
    const { uid } = (await kubectl.json<Pod>("pod", "scratch")).metadata;
    const folder = join(real.cluster.dataDir, `kubelet/pods/${uid}`);
    assert.equal((await real.namespace.run("test", ["-d", folder])).code, 0);
    // On disk, what is too much costs the pod its place.
    await kubectl.apply(pod("greedy", { data: "emptyDir: { sizeLimit: 1Mi }" }));
    await kubectl("wait", "--for=condition=Ready", "pod/greedy", "--timeout=120s");
    // It may be ended while it still writes.
    await kubectl.try(["exec", "greedy", "--", "dd", "if=/dev/zero", "of=/data/big", "bs=1M", "count=3"]);
    await kubectl("wait", "pod/greedy", "--for=jsonpath={.status.reason}=Evicted", "--timeout=120s");
    const { status } = await kubectl.json<Pod>("pod", "greedy");
    assert.deepEqual(
      [status?.phase, status?.message],
      ["Failed", 'Usage of EmptyDir volume "data" exceeds the limit "1Mi". '],
    );
    await kubectl("delete", "pod", "scratch");
    await eventually("the folder to go", async () => (await real.namespace.run("test", ["-e", folder])).code !== 0);
  });

  test("a hostPath is checked by its type, and an image is a volume", async () => {
    const kubectl = await inNamespace("host");
    const folder = join(real.cluster.dir, "host");
    await mkdir(folder);
    await writeFile(join(folder, "file"), "of the host\n");
    const host = (name: string, type: string) => `hostPath: { path: ${join(folder, name)}, type: ${type} }`;
    await start(
      kubectl,
      pod("good", {
        folder: `hostPath: { path: ${folder} }`,
        file: host("file", "File"),
        made: host("made/deep", "DirectoryOrCreate"),
        fresh: host("fresh", "FileOrCreate"),
        device: "hostPath: { path: /dev/null, type: CharDevice }",
        image: "image: { reference: 'nginx:1.27' }",
      }),
    );
    assert.equal(
      await inside(
        kubectl,
        "good",
        "cat /folder/file /file; echo back > /made/file; stat -c %a /made; stat -c %F /fresh",
      ),
      "of the host\nof the host\n755\nregular empty file\n",
    );
    assert.equal(await readFile(join(folder, "made/deep/file"), "utf8"), "back\n");
    assert.equal(await inside(kubectl, "good", "ls -d /image/etc/nginx"), "/image/etc/nginx\n");
    assert.notEqual((await kubectl.try(["exec", "good", "--", "touch", "/image/x"])).code, 0);
    await kubectl("delete", "pod", "good");
    assert.equal(await readFile(join(folder, "file"), "utf8"), "of the host\n");
  });

  test("an image volume is fetched from its registry as its policy says", async () => {
    const kubectl = await inNamespace("fetched");
    const { host, tag } = real.registry;
    const image = (name: string, pullPolicy: string) =>
      pod(name, { image: `image: { reference: "${host}/team/files:1", pullPolicy: ${pullPolicy} }` });
    const hasNginx = (name: string) => inside(kubectl, name, "test -e /image/etc/nginx && echo yes || echo no");
    tag("library/nginx:1.27", "team/files:1");
    await start(kubectl, image("first", "Always"));
    tag("library/busybox:latest", "team/files:1");
    await start(kubectl, image("present", "IfNotPresent"));
    await start(kubectl, image("again", "Always"));
    assert.deepEqual(await Promise.all(["first", "present", "again"].map(hasNginx)), ["yes\n", "yes\n", "no\n"]);
  });

  test("later mounts go into containers, out of them, or neither, as the volume's propagation says", async (t) => {
    const kubectl = await inNamespace("propagation");
    const mount = (...args: readonly string[]) => real.namespace.must("mount", args);
    const tmpfsAt = async (folder: string, how: string) => {
      await mkdir(folder, { recursive: true });
      await mount("-t", "tmpfs", "tmpfs", folder);
      await mount(`--make-${how}`, folder);
    };
    const folder = join(real.cluster.dir, "propagation");
    const shared = join(folder, "shared");
    t.after(() => real.namespace.run("umount", ["--recursive", shared]));
    t.after(() => real.namespace.run("umount", [join(folder, "private")]));
    await tmpfsAt(shared, "shared");
    await tmpfsAt(join(folder, "private"), "private");
    for (const name of ["from-host", "from-slave", "from-both"]) await mkdir(join(shared, name));

    const PRIVILEGED = "securityContext: { privileged: true }";
    const container = (name: string, propagation: string, more = PRIVILEGED) =>
      `    - { name: ${name}, ${SLEEP}, ${more}, volumeMounts: [${["host", "scratch"]
        .map((volume) => `{ name: ${volume}, mountPath: /${volume}, mountPropagation: ${propagation} }`)
        .join(", ")}] }\n`;
    const spreading = (name: string, path: string, ...containers: readonly string[]) =>
      pod(name, { host: `hostPath: { path: ${path} }`, scratch: "emptyDir: {}" }).replace(
        /^    - \{ name: main,.*\n/m,
        () => containers.join(""),
      );
    await start(
      kubectl,
      spreading(
        "pod",
        shared,
        container("main", "None"),
        container("slave", "HostToContainer"),
        container("both", "Bidirectional"),
      ),
    );
    const run = (name: string, script: string) => kubectl("exec", "pod", "-c", name, "--", "sh", "-c", script);
    const make = (at: string) => `mkdir -p ${at} && mount -t tmpfs tmpfs ${at} && touch ${at}/there`;
    await tmpfsAt(join(shared, "from-host"), "shared");
    await writeFile(join(shared, "from-host/there"), "");
    await run("slave", make("/host/from-slave"));
    await run("both", make("/host/from-both"));
    await run("both", make("/scratch/from-both"));

    const seen = (name: string) => run(name, "ls -d /host/*/there /scratch/*/there 2>/dev/null || true");
    assert.equal(await seen("main"), "");
    assert.equal(
      await seen("slave"),
      "/host/from-both/there\n/host/from-host/there\n/host/from-slave/there\n/scratch/from-both/there\n",
    );
    assert.equal(await seen("both"), "/host/from-both/there\n/host/from-host/there\n/scratch/from-both/there\n");
    assert.deepEqual(await readdir(join(shared, "from-both")), ["there"]);
    assert.deepEqual(await readdir(join(shared, "from-slave")), []);

    // What was mounted into a volume of the pod goes with the pod; the machine keeps its own.
    const { uid } = (await kubectl.json<Pod>("pod", "pod")).metadata;
    await kubectl("delete", "pod", "pod");
    assert.doesNotMatch(await readFile("/proc/self/mountinfo", "utf8"), new RegExp(uid!));
    assert.deepEqual(await readdir(join(shared, "from-both")), ["there"]);

    const refused = await kubectl.try(["apply", "-f", "-"], {
      input: spreading("refused", shared, container("main", "Bidirectional", "tty: false")),
    });
    assert.match(refused.stderr, /Bidirectional mount propagation is available only to privileged containers/);
    const modes = { HostToContainer: "shared or slave", Bidirectional: "shared" };
    for (const [mode, needed] of Object.entries(modes)) {
      const name = mode.toLowerCase();
      const path = join(folder, "private");
      await kubectl.apply(spreading(name, path, container("main", mode)));
      await eventually("the refusal", async () => {
        const { status } = await kubectl.json<Pod>("pod", name);
        const { reason, message = "" } = status?.containerStatuses?.[0]?.state?.waiting ?? {};
        return (
          reason === "CreateContainerError" &&
          message.includes(`path "${path}" is mounted on "${path}" but it is not a ${needed} mount`)
        );
      });
    }
  });

  test("what is missing is said, and the pod starts once it is there", async () => {
    const kubectl = await inNamespace("missing");
    const folder = join(real.cluster.dir, "later");
    const annotated = "env: [{ name: PART, valueFrom: { fieldRef: { fieldPath: \"metadata.annotations['part']\" } } }]";
    const partly = (name: string, part: string) =>
      pod(name, { data: "emptyDir: {}" }, annotated)
        .replace("mountPath: /data }", 'mountPath: /data, subPathExpr: "$(PART)" }')
        .replace("annotations: {", `annotations: { part: "${part}",`);
    const cases = {
      map: [
        "configMap: { name: later }",
        /^MountVolume\.SetUp failed for volume "data" : configmap "later" not found$/,
      ],
      key: [
        "configMap: { name: map, items: [{ key: later, path: x }] }",
        /^MountVolume\.SetUp failed for volume "data" : configmap references non-existent config key: later$/,
      ],
      secret: [
        "secret: { secretName: later }",
        /^MountVolume\.SetUp failed for volume "data" : secret "later" not found$/,
      ],
      folder: [
        `hostPath: { path: ${folder}, type: Directory }`,
        /^MountVolume\.SetUp failed for volume "data" : hostPath type check failed: .* is not a directory$/,
      ],
    } as const;
    const pods = Object.entries(cases).map(([name, [source]]) => pod(name, { data: source }));
    await kubectl.apply([...pods, partly("absolute", "/abs"), partly("above", "../x")].join("---"));
    for (const [name, [, text]] of Object.entries(cases)) {
      await eventually(`${name}'s Event`, async () => {
        const { items } = await kubectl.json<{ items: { reason: string; message: string }[] }>(
          "events",
          `--field-selector=involvedObject.name=${name}`,
        );
        return items.some(({ reason, message }) => reason === "FailedMount" && text.test(message));
      });
      await eventually(`${name} to wait`, async () =>
        /0\/1 +ContainerCreating /.test(await kubectl("get", "pod", name)),
      );
    }
    for (const name of ["absolute", "above"])
      await kubectl(
        "wait",
        `pod/${name}`,
        "--for=jsonpath={.status.containerStatuses[0].state.waiting.reason}=CreateContainerConfigError",
        "--timeout=120s",
      );
    await kubectl("create", "configmap", "later", "--from-literal=a=b");
    await kubectl("create", "secret", "generic", "later", "--from-literal=a=b");
    await kubectl("patch", "configmap", "map", "-p", '{"data":{"later":"now"}}');
    await mkdir(folder);
    await kubectl("annotate", "pod", "absolute", "part=fine", "--overwrite");
    await kubectl(
      "wait",
      "--for=condition=Ready",
      "pod/map",
      "pod/key",
      "pod/secret",
      "pod/folder",
      "pod/absolute",
      "--timeout=120s",
    );
  });
});
