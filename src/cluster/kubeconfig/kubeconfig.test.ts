import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat, symlink, lstat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
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
  assert.equal(await mergeKubeconfig(at(path), "knarr", access, true), path);
  const text = await readFile(path, "utf8");
  const merged = parse(text) as Record<string, { name: string }[]>;
  assert.deepEqual(
    merged["clusters"]!.map(({ name }) => name),
    ["work", "knarr"],
  );
  assert.equal(merged["current-context"], "knarr");
  assert.match(text, /^# mine/);
  assert.equal((await stat(path)).mode & 0o777, 0o600);

  await mergeKubeconfig(at(path), "knarr", { ...access, server: "https://127.0.0.1:7777" }, false);
  assert.equal((parse(await readFile(path, "utf8")) as typeof merged)["clusters"]!.length, 2);

  assert.deepEqual(await unmergeKubeconfig(at(path), "knarr"), [path]);
  const after = parse(await readFile(path, "utf8")) as object;
  assert.deepEqual(after, { ...(parse(before) as object), "current-context": "" });
});

test("without --switch the current context stays, unless there is none", async (t) => {
  const path = join(await folder(t), "deep", "config");
  await mergeKubeconfig(at(path), "a", access, false);
  await mergeKubeconfig(at(path), "b", access, false);
  assert.equal((parse(await readFile(path, "utf8")) as Record<string, string>)["current-context"], "a");
});

test("several files: the first that exists is merged into", async (t) => {
  const dir = await folder(t);
  const env = { KUBECONFIG: `${dir}/none:${dir}/one` };
  assert.equal(await mergeKubeconfig(at(undefined, env), "knarr", access, true), `${dir}/one`);
  await writeFile(`${dir}/none`, "");
  assert.equal(await mergeKubeconfig(at(undefined, env), "knarr", access, true), `${dir}/none`);
  assert.deepEqual(await unmergeKubeconfig(at(undefined, env), "knarr"), [`${dir}/none`, `${dir}/one`]);
});

test("a symbolic link stays one", async (t) => {
  const dir = await folder(t);
  await writeFile(`${dir}/real`, "");
  await symlink(`${dir}/real`, `${dir}/config`);
  await mergeKubeconfig(at(`${dir}/config`), "knarr", access, true);
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
    await assert.rejects(checkKubeconfig(at(path)), CorruptKubeconfig);
    await assert.rejects(mergeKubeconfig(at(path), "knarr", access, true), /is corrupt/);
    assert.equal(await readFile(path, "utf8"), text);
  });
}

test("merging at the same time loses nothing", async (t) => {
  const path = join(await folder(t), "config");
  await Promise.all(["a", "b", "c", "d"].map((name) => mergeKubeconfig(at(path), name, access, true)));
  const names = (parse(await readFile(path, "utf8")) as { users: { name: string }[] }).users.map(({ name }) => name);
  assert.deepEqual(names.sort(), ["a", "b", "c", "d"]);
});

test("a kubeconfig of its own holds one context", () => {
  const config = parse(kubeconfigFor("knarr", access)) as { users: { user: object }[]; "current-context": string };
  assert.equal(config["current-context"], "knarr");
  assert.deepEqual(config.users[0]!.user, { "client-certificate-data": "Q0VSVA==", "client-key-data": "S0VZ" });
});
