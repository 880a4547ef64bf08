import assert from "node:assert/strict";
import { lstat, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { parse } from "yaml";
import { systemClock } from "#base";
import { CorruptKubeconfig, kubeconfigFor } from "./document.ts";
import { checkKubeconfig, mergeKubeconfig, unmergeKubeconfig } from "./file.ts";
import { kubeconfigPaths } from "./paths.ts";

const access = { server: "https://127.0.0.1:6443", authority: "CA", certificate: "CERT", privateKey: "KEY" };

async function folder(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "knarr-kubeconfig-"));
  t.after(() => rm(dir, { recursive: true }));
  return dir;
}

/** The cluster of a data directory, with the name that is asked for. */
const own = (asked?: string, dataDir = "/data", before?: string) => ({ asked, dataDir, before });

const at = (explicit: string | undefined, env: NodeJS.ProcessEnv = {}) => ({ explicit, env, clock: systemClock });

test("the paths are kubectl's", () => {
  assert.deepEqual(kubeconfigPaths("/x", { KUBECONFIG: "/a" }), ["/x"]);
  assert.deepEqual(kubeconfigPaths(undefined, { KUBECONFIG: "/a::/b:/a" }), ["/a", "/b"]);
  assert.deepEqual(kubeconfigPaths(undefined, { HOME: "/home/me" }), ["/home/me/.kube/config"]);
});

test("a context is merged beside what stands there, and taken out again without a trace", async (t) => {
  const path = join(await folder(t), "config");
  const before = `# mine
apiVersion: v1
kind: Config
clusters:
  - name: work
    cluster: {server: https://work}
contexts:
  - name: work
    context: {cluster: work, user: work}
users: []
current-context: work
preferences: {}
`;
  await writeFile(path, before, { mode: 0o644 });
  const first = await mergeKubeconfig(at(path), own(), access, true);
  assert.deepEqual(first, { name: "knarr", path, previous: "work" });
  const text = await readFile(path, "utf8");
  const merged = parse(text) as Record<string, { name: string }[]>;
  assert.deepEqual(
    merged["clusters"]!.map(({ name }) => name),
    ["work", "knarr"],
  );
  assert.equal(merged["current-context"], "knarr");
  assert.match(text, /^# mine/);
  assert.equal((await stat(path)).mode & 0o777, 0o600);

  await mergeKubeconfig(at(path), own(), { ...access, server: "https://127.0.0.1:7777" }, false);
  assert.equal((parse(await readFile(path, "utf8")) as typeof merged)["clusters"]!.length, 2);

  assert.deepEqual(await unmergeKubeconfig(at(path), { name: "knarr", dataDir: "/data", previous: "work" }), [path]);
  assert.deepEqual(parse(await readFile(path, "utf8")), parse(before));
});

test("without --switch the current context stays, unless there is none", async (t) => {
  const path = join(await folder(t), "deep", "config");
  await mergeKubeconfig(at(path), own("a"), access, false);
  await mergeKubeconfig(at(path), own("b"), access, false);
  assert.equal((parse(await readFile(path, "utf8")) as Record<string, string>)["current-context"], "a");
});

test("several files: the first that exists is merged into", async (t) => {
  const dir = await folder(t);
  const env = { KUBECONFIG: `${dir}/none:${dir}/one` };
  assert.equal((await mergeKubeconfig(at(undefined, env), own(), access, true)).path, `${dir}/one`);
  await writeFile(`${dir}/none`, "");
  assert.equal((await mergeKubeconfig(at(undefined, env), own(), access, true)).path, `${dir}/none`);
  const all = await unmergeKubeconfig(at(undefined, env), { name: "knarr", dataDir: "/data", previous: "" });
  assert.deepEqual(all, [`${dir}/none`, `${dir}/one`]);
});

test("a symbolic link stays one", async (t) => {
  const dir = await folder(t);
  await writeFile(`${dir}/real`, "");
  await symlink(`${dir}/real`, `${dir}/config`);
  await mergeKubeconfig(at(`${dir}/config`), own(), access, true);
  assert.ok((await lstat(`${dir}/config`)).isSymbolicLink());
  assert.match(await readFile(`${dir}/real`, "utf8"), /knarr/);
});

for (const [what, text] of [
  ["broken YAML", "a: [1"],
  ["a list", "- 1"],
  ["another kind", "kind: Pod"],
  ["clusters of the wrong type", "clusters: {a: b}"],
] as const) {
  test(`${what} is refused and left as it is`, async (t) => {
    const path = join(await folder(t), "config");
    await writeFile(path, text);
    await assert.rejects(checkKubeconfig(at(path), own()), CorruptKubeconfig);
    await assert.rejects(mergeKubeconfig(at(path), own(), access, true), /is corrupt/);
    assert.equal(await readFile(path, "utf8"), text);
  });
}

test("merging at the same time loses nothing", async (t) => {
  const path = join(await folder(t), "config");
  await Promise.all(["a", "b", "c", "d"].map((name) => mergeKubeconfig(at(path), own(name), access, true)));
  const names = (parse(await readFile(path, "utf8")) as { users: { name: string }[] }).users.map(({ name }) => name);
  assert.deepEqual(names.sort(), ["a", "b", "c", "d"]);
});

test("a kubeconfig of its own holds one context", () => {
  const config = parse(kubeconfigFor("knarr", access)) as { users: { user: object }[]; "current-context": string };
  assert.equal(config["current-context"], "knarr");
  assert.deepEqual(config.users[0]!.user, { "client-certificate-data": "Q0VSVA==", "client-key-data": "S0VZ" });
});

describe("clusters of several data directories in one kubeconfig", () => {
  /** Data directories with an authority each, and the kubeconfig. */
  async function several(t: TestContext) {
    const dir = await folder(t);
    const path = join(dir, "config");
    const dataDir = async (name: string) => {
      await mkdir(join(dir, name, "pki"), { recursive: true });
      await writeFile(join(dir, name, "pki/ca.crt"), `CA of ${name}`);
      return join(dir, name);
    };
    const merge = (directory: string, asked?: string, before?: string) =>
      mergeKubeconfig(
        at(path),
        own(asked, directory, before),
        { ...access, authority: `CA of ${basename(directory)}` },
        true,
      );
    const read = async () => parse(await readFile(path, "utf8")) as Record<string, { name: string }[]>;
    return { dir, path, dataDir, merge, read, a: await dataDir("a"), b: await dataDir("b") };
  }

  test("the second gets a name of its own, and the first's entries stay as they are", async (t) => {
    const { merge, read, a, b } = await several(t);
    await merge(a);
    const first = (await read())["clusters"]![0];
    assert.deepEqual((({ name, instead, previous }) => ({ name, instead, previous }))(await merge(b)), {
      name: "knarr-b",
      instead: { name: "knarr", of: `the cluster in ${a}` },
      previous: "knarr",
    });
    const { clusters, contexts, users, ...rest } = await read();
    for (const entries of [clusters, contexts, users])
      assert.deepEqual(
        entries!.map(({ name }) => name),
        ["knarr", "knarr-b"],
      );
    assert.deepEqual([clusters![0], rest["current-context"]], [first, "knarr-b"]);
    assert.equal((await merge(a)).name, "knarr", "merged back under its name");
    assert.equal((await merge(b, undefined, "knarr-b")).name, "knarr-b");
  });

  test("a purge takes out what is the cluster's own, and gives back the current context of before", async (t) => {
    const { path, merge, read, a, b } = await several(t);
    await merge(a);
    await merge(b);
    assert.deepEqual(await unmergeKubeconfig(at(path), { name: "knarr", dataDir: b, previous: "" }), []);
    assert.deepEqual(await unmergeKubeconfig(at(path), { name: "knarr-b", dataDir: b, previous: "knarr" }), [path]);
    const left = await read();
    assert.deepEqual([left["current-context"], left["contexts"]!.map(({ name }) => name)], ["knarr", ["knarr"]]);
    await unmergeKubeconfig(at(path), { name: "knarr", dataDir: a, previous: "gone" });
    assert.deepEqual([(await read())["current-context"], (await read())["contexts"]], ["", []]);
  });

  test("a name that is asked for and is another's is refused by name, and nothing is changed", async (t) => {
    const { path, merge, a, b } = await several(t);
    await merge(a, "mine");
    const text = await readFile(path, "utf8");
    const why = new RegExp(`context "mine" belongs to the cluster in ${a}: choose another --context`);
    await assert.rejects(checkKubeconfig(at(path), own("mine", b)), why);
    await assert.rejects(merge(b, "mine"), why);
    assert.equal(await readFile(path, "utf8"), text);
  });

  test("entries of a cluster whose directory is gone can be replaced; those of others that say nothing cannot", async (t) => {
    const { dir, path, merge, dataDir, a, b } = await several(t);
    await merge(a);
    await rm(a, { recursive: true });
    assert.equal((await merge(b)).name, "knarr");
    await writeFile(path, "contexts: [{name: knarr, context: {cluster: x, user: y}}]\n");
    assert.equal((await merge(b)).name, "knarr-b");
    assert.equal((await merge(await dataDir("My Data"))).name, "knarr-my-data");
    await mkdir(join(dir, "deep"));
    assert.equal((await merge(await dataDir("deep/b"))).name, "knarr-b-2");
  });

  test("entries of an earlier version are known by the cluster's authority", async (t) => {
    const { path, merge, a, b } = await several(t);
    await writeFile(path, kubeconfigFor("knarr", { ...access, authority: "CA of a" }));
    assert.equal((await merge(b)).name, "knarr-b");
    assert.equal((await merge(a)).name, "knarr");
  });
});
