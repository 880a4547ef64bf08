import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { realClients } from "../scripts/clients.ts";
import { KNARR, startUnderTest } from "./support/cluster-under-test.ts";
import { configMap, deployment, pod } from "./support/manifests.ts";
import { run } from "./support/run.ts";

describe("the command line (F1)", { concurrency: 3 }, () => {
  let dir: string;
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "knarr-cli-"));
  });
  after(() => rm(dir, { recursive: true, force: true }));

  /** Runs knarr with a home of its own. */
  const knarr = async (home: string, ...args: string[]) => {
    await mkdir(join(dir, home), { recursive: true });
    const { KUBECONFIG: _, ...env } = process.env;
    return run(KNARR, args, { env: { ...env, HOME: join(dir, home) }, cwd: join(dir, home) });
  };
  const isOneLine = (text: string) => assert.match(text, /^knarr: [^\n]+\n$/);

  it("explains itself", async () => {
    const overview = await knarr("help");
    assert.equal(overview.code, 0);
    for (const command of ["up", "down", "status", "kubeconfig", "version", "help"])
      assert.match(overview.stdout, new RegExp(`^  ${command} `, "m"));
    const up = await knarr("help", "help", "up");
    for (const option of [
      "detach",
      "data-dir",
      "port",
      "bind",
      "nodes",
      "runtime",
      "store",
      "kubeconfig",
      "context",
      "no-switch-context",
    ])
      assert.match(up.stdout, new RegExp(`--${option}\\b`));
    assert.equal((await knarr("help", "up", "--help")).stdout, up.stdout);
    assert.match((await knarr("help", "version")).stdout, /^knarr \d+\.\d+\.\d+ \(Kubernetes v1\.36\.\d+/);
  });

  for (const args of [
    ["unknown"],
    ["up", "--nonsense"],
    ["up", "--port", "70000"],
    ["up", "--port", "x"],
    ["up", "--nodes", "-1"],
    ["up", "--runtime", "docker"],
    ["up", "--store", "etcd"],
    ["up", "extra"],
    ["down", "--purge=maybe"],
    ["help", "unknown"],
    ["up", "--data-dir", ""],
    ["status", "-o", "xml"],
  ]) {
    it(`refuses ${args.join(" ")} with one line and exit code 2`, async () => {
      const { code, stdout, stderr } = await knarr("bad", ...args);
      assert.deepEqual([code, stdout], [2, ""], stderr);
      isOneLine(stderr);
      assert.deepEqual(await readdir(join(dir, "bad")), []);
    });
  }

  it("refuses a port in use, leaving nothing half done", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const { code, stderr } = await knarr("port", "up", "--runtime", "simulated", "--port", String(port));
    server.close();
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`^knarr: port ${port} .*in use.*\\n$`));
    await assert.rejects(stat(join(dir, "port/.kube/config")));
  });

  it("refuses a data directory that is a file", async () => {
    await mkdir(join(dir, "file"));
    await writeFile(join(dir, "file/data"), "");
    const { code, stderr } = await knarr("file", "up", "--runtime", "simulated", "--port", "0", "--data-dir", "data");
    assert.equal(code, 1);
    isOneLine(stderr);
  });

  it(
    "refuses a data directory that is not writable",
    { skip: process.getuid?.() === 0 && "root may write everywhere" },
    async () => {
      await mkdir(join(dir, "readonly/data"), { recursive: true });
      await chmod(join(dir, "readonly/data"), 0o500);
      const { code, stderr } = await knarr(
        "readonly",
        "up",
        "--runtime",
        "simulated",
        "--port",
        "0",
        "--data-dir",
        "data",
      );
      assert.equal(code, 1);
      isOneLine(stderr);
    },
  );

  for (const [what, text] of [
    ["broken YAML", "a: [1"],
    ["a list", "- 1"],
    ["another kind", "kind: Pod"],
  ] as const) {
    it(`refuses a kubeconfig that is ${what}, and leaves it as it is`, async () => {
      const home = what.replaceAll(" ", "-");
      await mkdir(join(dir, home, ".kube"), { recursive: true });
      await writeFile(join(dir, home, ".kube/config"), text);
      const { code, stderr } = await knarr(home, "up", "--runtime", "simulated", "--port", "0");
      assert.equal(code, 1);
      isOneLine(stderr);
      assert.match(stderr, /\.kube\/config/);
      assert.equal(await readFile(join(dir, home, ".kube/config"), "utf8"), text);
      await assert.rejects(stat(join(dir, home, ".knarr")));
    });
  }

  it("starts detached, reports, stops, and purges only what is its own", async () => {
    const home = join(dir, "detached");
    await mkdir(join(home, ".kube"), { recursive: true });
    const foreign =
      "# mine\napiVersion: v1\nkind: Config\ncurrent-context: other\ncontexts: [{name: other, context: {cluster: c, user: u}}]\n";
    await writeFile(join(home, ".kube/config"), foreign);
    const up = await knarr(
      "detached",
      "up",
      "--runtime",
      "simulated",
      "--detach",
      "--port",
      "0",
      "--nodes",
      "2",
      "--context",
      "mine",
    );
    assert.equal(up.code, 0, up.stderr);
    assert.match(up.stdout, /Kubernetes v1\.36\.\d+ at https:\/\/127\.0\.0\.1:\d+, 2 simulated nodes/);
    assert.match(up.stdout, /ready in \d+ ms/);
    assert.match(up.stdout, /^Try: kubectl create .*\n +kubectl get .*\nStop it with: knarr down\n$/m);
    try {
      const merged = await readFile(join(home, ".kube/config"), "utf8");
      assert.match(merged, /^# mine$/m);
      assert.match(merged, /current-context: mine/);
      const status = JSON.parse((await knarr("detached", "status", "-o", "json")).stdout) as Record<string, unknown>;
      assert.deepEqual([status["running"], status["ready"], status["nodes"]], [true, true, { ready: 2, total: 2 }]);
      assert.ok(Number(status["objects"]) > 10 && Number(status["residentBytes"]) > 1e6 && Number(status["pid"]) > 1);
      assert.match(
        (await knarr("detached", "status")).stdout,
        /^runtime +simulated\nnodes +2 ready of 2\npods +0 running$/m,
      );
      assert.match((await knarr("detached", "kubeconfig")).stdout, /server: https:\/\/127\.0\.0\.1:\d+/);
      for (const name of ["pki/ca.key", "pki/admin.key", "running.json"])
        assert.equal((await stat(join(home, ".knarr", name))).mode & 0o077, 0, name);

      const second = await knarr("detached", "up", "--runtime", "simulated", "--port", "0");
      assert.equal(second.code, 1);
      assert.match(second.stderr, /^knarr: .*in use by process \d+\n$/);
    } finally {
      const { code, stdout } = await knarr("detached", "down");
      assert.deepEqual([code, /go on running/.test(stdout)], [0, false]);
    }
    assert.equal(
      (JSON.parse((await knarr("detached", "status", "-o", "json")).stdout) as { running: boolean }).running,
      false,
    );
    await writeFile(join(home, ".knarr/notes.txt"), "keep me");
    assert.equal((await knarr("detached", "down", "--purge")).code, 0);
    assert.deepEqual(await readdir(join(home, ".knarr")), ["notes.txt"]);
    const left = await readFile(join(home, ".kube/config"), "utf8");
    assert.doesNotMatch(left, /mine:|name: mine/);
    assert.match(left, /name: other/);
  });

  it("says why a detached cluster did not start whose store has been cut short", async () => {
    const up = () => knarr("cut", "up", "--runtime", "simulated", "--detach", "--port", "0");
    assert.equal((await up()).code, 0);
    assert.equal((await knarr("cut", "down")).code, 0);
    await truncate(join(dir, "cut/.knarr/store/data.mdb"), 8192);
    const { code, stderr } = await up();
    assert.equal(code, 1);
    isOneLine(stderr);
    assert.match(stderr, /ended by SIGBUS \(its store\/data\.mdb has been cut short/);
    assert.equal((await knarr("cut", "down", "--purge")).code, 0);
  });

  it("does not switch the context when asked not to", async () => {
    const home = join(dir, "keep");
    await mkdir(join(home, ".kube"), { recursive: true });
    await writeFile(join(home, ".kube/config"), "apiVersion: v1\nkind: Config\ncurrent-context: other\n");
    const up = await knarr(
      "keep",
      "up",
      "--runtime",
      "simulated",
      "--detach",
      "--port",
      "0",
      "--no-switch-context",
      "--store",
      "memory",
    );
    assert.equal(up.code, 0, up.stderr);
    await knarr("keep", "down", "--purge");
    assert.match(await readFile(join(home, ".kube/config"), "utf8"), /current-context: other/);
  });

  it("a second cluster leaves the context of the first alone, and says what its own is called", async () => {
    const home = "contexts";
    const up = (...args: string[]) => knarr(home, "up", "--runtime", "simulated", "--detach", "--port", "0", ...args);
    const second = ["--data-dir", join(dir, home, "second one")];
    const { kubectl } = realClients();
    const ask = async (...args: string[]) => {
      const { KUBECONFIG: _, ...env } = process.env;
      return (await run(kubectl, args, { env: { ...env, HOME: join(dir, home) } })).stdout.trim();
    };
    try {
      assert.match((await up()).stdout, /^kubeconfig: context "knarr" in \S+$/m);
      const uid = await ask("get", "namespace", "default", "-o", "jsonpath={.metadata.uid}");
      const { code, stdout, stderr } = await up(...second);
      assert.equal(code, 0, stderr);
      assert.match(
        stdout,
        /^kubeconfig: context "knarr-second-one" in \S+, the current one now instead of "knarr"\ncontext "knarr" there belongs to the cluster in \S+\/contexts\/\.knarr$/m,
      );
      assert.equal(await ask("config", "current-context"), "knarr-second-one");
      const of = (context: string) =>
        ask("--context", context, "get", "namespace", "default", "-o", "jsonpath={.metadata.uid}");
      assert.equal(await of("knarr"), uid);
      assert.notEqual(await of("knarr-second-one"), uid);
      const purged = await knarr(home, "down", "--purge", ...second);
      assert.match(purged.stdout, /and the context "knarr-second-one" from/);
      assert.equal(await ask("config", "current-context"), "knarr");
      assert.equal(await ask("get", "namespace", "default", "-o", "jsonpath={.metadata.uid}"), uid);
      const refused = await up(...second, "--context", "knarr");
      assert.equal(refused.code, 1);
      assert.match(
        refused.stderr,
        /^knarr: context "knarr" belongs to the cluster in [^\n]+: choose another --context\n$/,
      );
    } finally {
      await knarr(home, "down", "--purge", ...second);
      await knarr(home, "down", "--purge");
    }
    assert.equal(await ask("config", "current-context"), "");
  });

  it("the next up is the same cluster, unless options say otherwise", async () => {
    const home = "again";
    const up = (...args: string[]) => knarr(home, "up", "--detach", ...args);
    const nodes = async () => {
      const { nodes: found } = JSON.parse((await knarr(home, "status", "-o", "json")).stdout) as { nodes: object };
      return found;
    };
    try {
      assert.equal((await up("--runtime", "simulated", "--nodes", "3", "--port", "0")).code, 0);
      await knarr(home, "down");
      const again = await up();
      assert.match(again.stdout, / 3 simulated nodes, [^\n]*\nas before: --nodes 3 --port 0\nkubeconfig: /);
      assert.deepEqual(await nodes(), { ready: 3, total: 3 });
      await knarr(home, "down");
      const refused = await up("--runtime", "containerd");
      assert.equal(refused.code, 1);
      assert.match(refused.stderr, /^knarr: the cluster in \S+ has simulated nodes, [^\n]*: knarr down --purge\n$/);
      const fewer = await up("--nodes", "2");
      assert.match(fewer.stdout, /as before: --port 0\nremoved the node beyond that: knarr-3, with 0 Pods\n/);
      assert.deepEqual(await nodes(), { ready: 2, total: 2 });
    } finally {
      await knarr(home, "down", "--purge");
    }
  });

  it("stops on Ctrl-C, and does not wait for its Pods", async () => {
    await using cluster = await startUnderTest({ nodes: 1 });
    const stubborn = pod("stubborn", { metadata: "{simulated.knarr.dev/fail: ignore-term}" });
    await cluster.kubectl.apply(stubborn.replace("PeriodSeconds: 1", "PeriodSeconds: 3600"));
    await cluster.kubectl("wait", "pod/stubborn", "--for=condition=Ready", "--timeout=120s");
    await cluster.kubectl("delete", "pod", "stubborn", "--wait=false");
    // The Pod has an hour; a file of tests has a quarter of one.
    assert.equal(await cluster.stop("SIGINT"), 0, cluster.output());
    assert.doesNotMatch(cluster.output(), /warn|error/);
  });

  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    it(`resumes the same cluster after ${signal}`, async () => {
      const home = await mkdtemp(join(dir, "resumed-"));
      const uids = async ({ kubectl }: Awaited<ReturnType<typeof startUnderTest>>) =>
        kubectl(
          "get",
          "deployments,replicasets,pods,configmaps,namespaces,services",
          "-o",
          'jsonpath={range .items[*]}{.metadata.uid} {.metadata.name}{"\\n"}{end}',
        );
      const revision = async ({ kubectl }: Awaited<ReturnType<typeof startUnderTest>>) =>
        Number(
          (
            await kubectl
              .json<{ metadata: { resourceVersion: string } }>("--raw=/api/v1/configmaps")
              .catch(() => undefined)
          )?.metadata.resourceVersion ??
            JSON.parse(await kubectl("get", "--raw", "/api/v1/configmaps?limit=1")).metadata.resourceVersion,
        );
      const first = await startUnderTest({ dir: home, nodes: 2 });
      let before: string;
      let last: number;
      try {
        await first.kubectl.apply([deployment("web", { replicas: 2 }), configMap("kept", { a: "1" })].join("---\n"));
        await first.kubectl("rollout", "status", "deployment/web", "--timeout=120s");
        before = await uids(first);
        last = await revision(first);
      } finally {
        await first.stop(signal);
      }
      const second = await startUnderTest({ dir: home, nodes: 2 });
      try {
        assert.equal(await uids(second), before);
        await second.kubectl("create", "configmap", "new");
        assert.ok((await revision(second)) > last);
        await second.kubectl("rollout", "status", "deployment/web", "--timeout=120s");
        assert.match(await second.kubectl("get", "pods"), /1\/1 +Running +0 /);
        await second.kubectl("scale", "deployment/web", "--replicas=3");
        await second.kubectl("rollout", "status", "deployment/web", "--timeout=120s");
      } finally {
        await second.stop();
      }
    });
  }

  it("ends by itself when a second Ctrl-C does not want to wait", async () => {
    const home = join(dir, "twice");
    await mkdir(home);
    const child = spawn(KNARR, ["up", "--runtime", "simulated", "--port", "0", "--store", "memory"], {
      env: { ...process.env, HOME: home, KUBECONFIG: join(home, "config") },
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    const exited = once(child, "exit");
    child.kill("SIGINT");
    child.kill("SIGINT");
    const [code] = (await exited) as [number];
    assert.ok(code === 0 || code === 1, String(code));
  });
});
