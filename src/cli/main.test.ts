import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Terminal } from "./command.ts";
import { main } from "./main.ts";

async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const out: string[] = [];
  const err: string[] = [];
  const terminal: Terminal = { out: (line) => out.push(line), err: (line) => err.push(line), env: {}, isTty: false };
  const code = await main(args, terminal);
  return { code, out: out.join("\n"), err: err.join("\n") };
}

for (const [args, message] of [
  [["fly"], 'unknown command "fly"'],
  [["up", "--port", "99999"], "Option '--port' is \"99999\": expected a whole number from 0 to 65535"],
  [["up", "--port", "-1"], "Option '--port'"],
  [["up", "--nodes", "many"], "Option '--nodes' is \"many\": expected a whole number from 0 to 5000"],
  [["up", "--store", "disk"], "Option '--store' is \"disk\": expected one of lmdb, memory"],
  [["up", "--runtime", "docker"], "expected one of auto, simulated, containerd"],
  [["up", "--runtime-config", "api/all=1"], "Option '--runtime-config': invalid value api/all=1"],
  [["up", "--feature-gates", "A"], "Option '--feature-gates': missing bool value for A"],
  [["up", "--frob"], "Unknown option '--frob'"],
  [["up", "extra"], "Unexpected argument 'extra'"],
  [["down", "--data-dir", ""], "Option '--data-dir' is empty: expected DIR"],
  [["image"], "expected one of load, ls, rm"],
  [["image", "frob"], "expected one of load, ls, rm"],
  [["image", "load"], "which files"],
  [["image", "ls", "x"], "Unexpected argument 'x'"],
  [["image", "rm"], "which images"],
  [["help", "fly"], 'unknown command "fly"'],
] as const) {
  test(`knarr ${args.join(" ")} is refused with one line and exit code 2`, async () => {
    const { code, out, err } = await run(...args);
    assert.equal(code, 2);
    assert.equal(out, "");
    assert.ok(err.includes(message), err);
    assert.equal(err.split("\n").length, 1);
  });
}

test("help names every command, and every option of one", async () => {
  const { code, out } = await run("help");
  assert.equal(code, 0);
  for (const name of ["up", "down", "status", "image", "kubeconfig", "version", "help"])
    assert.match(out, new RegExp(`^  ${name} `, "m"));
  const up = await run("up", "--help");
  assert.deepEqual(up, await run("help", "up"));
  for (const option of [
    "--detach",
    "--data-dir DIR",
    "--port N",
    "--bind ADDR",
    "--no-switch-context",
    "--static-pods DIR",
    "--node-name NAME",
    "--containerd-socket PATH",
  ]) {
    assert.ok(up.out.includes(option), option);
  }
  assert.deepEqual(await run(), await run("help"));
});

test("down says that containers outlive the cluster, where it has had any", async (t) => {
  const dir = await mkdtemp(join(tmpdir(), "knarr-cli-"));
  t.after(() => rm(dir, { recursive: true }));
  assert.equal((await run("down", "--data-dir", dir)).out, `no cluster is running in ${dir}`);
  await mkdir(join(dir, "containerd"));
  assert.match((await run("down", "--data-dir", dir)).out, /\nPods of it may still run; end them with: .*--purge/);
});

test("where nothing runs, status and kubeconfig say so with exit code 1", async (t) => {
  const dir = await mkdtemp(join(tmpdir(), "knarr-cli-"));
  t.after(() => rm(dir, { recursive: true }));
  assert.equal((await run("status", "--data-dir", dir)).code, 1);
  const json = await run("status", "--data-dir", dir, "-o", "json");
  assert.deepEqual(JSON.parse(json.out), { running: false, dataDir: dir });
  assert.match((await run("kubeconfig", "--data-dir", dir)).err, /no cluster is running in/);
  assert.equal((await run("down", "--data-dir", dir)).code, 0);
  const images = await run("image", "ls", "--data-dir", dir);
  assert.deepEqual([images.code, images.out], [1, ""]);
  assert.match(images.err, /^knarr: no cluster is running in [^\n]*$/);
});

for (const [file, args] of [
  ["options.json", ["up"]],
  ["options.json", ["up", "--detach"]],
  ["context.json", ["up"]],
  ["runtime.json", ["up", "--runtime", "simulated"]],
  ["network.json", ["up", "--runtime", "simulated"]],
  ["running.json", ["status"]],
  ["running.json", ["down"]],
  ["running.json", ["kubeconfig"]],
] as const) {
  test(`knarr ${args.join(" ")} says in one line that ${file} is damaged`, async (t) => {
    const dir = await mkdtemp(join(tmpdir(), "knarr-cli-"));
    t.after(() => rm(dir, { recursive: true }));
    await writeFile(join(dir, file), '{"nodes":');
    const kubeconfig = args[0] === "up" ? ["--kubeconfig", join(dir, "config")] : [];
    const { code, out, err } = await run(...args, "--data-dir", dir, ...kubeconfig);
    assert.deepEqual([code, out, err.split("\n").length], [1, "", 1], err);
    assert.ok(err.includes(`${join(dir, file)} is damaged`), err);
  });
}
