import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { must } from "./commands.ts";
import type { TestNamespace } from "./network-namespace.ts";

/** A containerd without Kubernetes: for trying images, and to measure what containers cost by themselves. */
export interface PrivateContainerd extends AsyncDisposable {
  readonly dir: string;
  readonly socket: string;
  /** Runs `ctr` on it, in a namespace of its own. */
  ctr(...args: string[]): Promise<string>;
}

export async function startContainerd(namespace: TestNamespace): Promise<PrivateContainerd> {
  const dir = await mkdtemp(join(tmpdir(), "knarr-containerd-"));
  const socket = join(dir, "sock");
  const config = join(dir, "config.toml");
  writeFileSync(
    config,
    `version = 2
root = "${dir}/root"
state = "${dir}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
address = "${socket}"
`,
  );
  const child = namespace.spawn("containerd", ["--config", config], { stdio: ["ignore", "ignore", "pipe"] });
  const ended = once(child, "exit");
  let log = "";
  const booted = Promise.withResolvers<void>();
  child.stderr!.setEncoding("utf8").on("data", (text: string) => {
    log = (log + text).slice(-8192);
    if (log.includes("containerd successfully booted")) booted.resolve();
  });
  await Promise.race([booted.promise, ended.then(() => Promise.reject(new Error(`containerd ended: ${log}`)))]);
  // What runc knows of containers is by this name, for all containerds of the machine.
  const name = `test-${process.pid}-${child.pid}`;
  const ctr: PrivateContainerd["ctr"] = (...args) =>
    namespace.must("ctr", ["--address", socket, "--namespace", name, ...args]);
  return {
    dir,
    socket,
    ctr,
    async [Symbol.asyncDispose]() {
      const left = (await ctr("containers", "list", "--quiet")).split("\n").filter(Boolean);
      for (const id of left) {
        await ctr("tasks", "delete", "--force", id).catch(() => {});
        await ctr("containers", "delete", id).catch(() => {});
      }
      child.kill("SIGTERM");
      await ended;
      await unmountBelow(dir);
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** The innermost first. */
async function unmountBelow(dir: string): Promise<void> {
  if (!existsSync("/proc/self/mountinfo")) return;
  const points = readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "")
    .filter((point) => point.startsWith(`${dir}/`));
  for (const point of points.reverse()) await must("umount", ["--lazy", point]).catch(() => {});
}
