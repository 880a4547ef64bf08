import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { parseCommandArgs } from "./command.ts";
import { up } from "./commands/up.ts";
import { combineOptions, recallOptions, rememberOptions } from "./kept-options.ts";

const given = (...args: string[]) => parseCommandArgs(up, args);

test("what was asked for before stands where nothing else is asked for now", () => {
  const kept = { nodes: ["3"], port: ["7000"], "registry-mirror": ["docker.io=http://a", "*=http://b"] };
  const { all, before } = combineOptions(given("--nodes", "2"), kept);
  assert.deepEqual(all, { ...kept, nodes: ["2"] });
  assert.equal(before, "--port 7000 --registry-mirror docker.io=http://a --registry-mirror '*=http://b'");
  const args = given("--nodes", "2").with(all);
  assert.deepEqual([args.number("nodes", 0, 9), args.number("port", 0, 9999)], [2, 7000]);
  assert.deepEqual(
    args.all("registry-mirror", (text) => text),
    kept["registry-mirror"],
  );
});

test("an option that is given replaces all its values of before", () => {
  const kept = { "load-balancer-address": ["10.0.0.1", "10.0.0.2"] };
  const { all, before } = combineOptions(given("--load-balancer-address", "10.0.0.3"), kept);
  assert.deepEqual([all, before], [{ "load-balancer-address": ["10.0.0.3"] }, ""]);
  const args = given("--load-balancer-address", "10.0.0.3").with(all);
  assert.deepEqual(
    args.all("load-balancer-address", (text) => text),
    ["10.0.0.3"],
  );
});

test("paths are kept so that they lead to the same place from anywhere", () => {
  const { all } = combineOptions(
    given("--registry-ca", "r.example=ca.pem", "--static-pods", "pods", "--containerd-socket", "unix:///run/c.sock"),
    {},
  );
  assert.deepEqual(all, {
    "registry-ca": [`r.example=${resolve("ca.pem")}`],
    "containerd-socket": ["/run/c.sock"],
    "static-pods": [resolve("pods")],
  });
});

test("every option of up is kept, or belongs to one call, or is kept elsewhere", () => {
  const others = ["context", "data-dir", "detach", "no-switch-context", "runtime", "store"];
  const kept = Object.entries(up.options).filter(
    ([name, { type }]) => type === "string" && combineOptions(given(`--${name}`, "a=b"), {}).all[name] !== undefined,
  );
  assert.deepEqual([...kept.map(([name]) => name), ...others].sort(), Object.keys(up.options).sort());
});

test("what belongs to one call only is not kept", () => {
  assert.deepEqual(combineOptions(given("--detach", "--no-switch-context", "--context", "x", "--store", "lmdb"), {}), {
    all: {},
    before: "",
  });
});

test("options are kept in the data directory", async (t) => {
  const dir = await mkdtemp(join(tmpdir(), "knarr-options-"));
  t.after(() => rm(dir, { recursive: true }));
  assert.deepEqual(recallOptions(dir), {});
  assert.deepEqual(recallOptions(join(dir, "none")), {});
  await rememberOptions(dir, { nodes: ["3"] });
  assert.deepEqual(recallOptions(dir), { nodes: ["3"] });
});
