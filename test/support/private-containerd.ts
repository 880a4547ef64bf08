import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { detectRuntime } from "#kubelet/containerd";
import { must } from "./commands.ts";
import type { TestNamespace } from "./network-namespace.ts";

/** A containerd that is not the cluster's: for trying images, and to measure what containers cost by themselves. */
export interface PrivateContainerd extends AsyncDisposable {
  readonly dir: string;
  readonly socket: string;
  /** Runs `ctr` on it, in a namespace of its own. */
  ctr(...args: string[]): Promise<string>;
}

/** A network of bridges, as docs/containers.md has it for a containerd that is given. */
const NETWORK = {
  cniVersion: "0.4.0",
  name: "knarr",
  plugins: [
    {
      type: "bridge",
      bridge: "knarr0",
      isGateway: true,
      hairpinMode: true,
      ipMasq: false,
      ipam: { type: "host-local", ranges: [[{ subnet: "10.244.0.0/24" }]], routes: [{ dst: "0.0.0.0/0" }] },
    },
  ],
};

/** Configuration for pods; the network only with `network`. */
async function criConfig(dir: string, { sandboxImage, network }: CriOptions): Promise<string> {
  const conf = join(dir, "cni");
  mkdirSync(conf);
  const found = await detectRuntime();
  const plugins = network.map((one) => ({ ...one, ipam: { ...one.ipam, dataDir: join(dir, "addresses") } }));
  if (plugins.length > 0) writeFileSync(join(conf, "10-knarr.conflist"), JSON.stringify({ ...NETWORK, plugins }));
  return `[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "${sandboxImage}"
netns_mounts_under_state_dir = true
tolerate_missing_hugetlb_controller = true
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "${found.ok ? found.networkPlugins : ""}"
conf_dir = "${conf}"
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "native"
`;
}

export interface CriOptions {
  readonly sandboxImage: string;
  /** Its plugins, such as {@link NETWORK_PLUGINS}; none: pods have no network. */
  readonly network: typeof NETWORK.plugins;
}

export const NETWORK_PLUGINS = NETWORK.plugins;

/** `cri`: with Kubernetes after all, as others' containerds have it. */
export async function startContainerd(namespace: TestNamespace, cri?: CriOptions): Promise<PrivateContainerd> {
  const dir = await mkdtemp(join(tmpdir(), "knarr-containerd-"));
  const socket = join(dir, "sock");
  const config = join(dir, "config.toml");
  writeFileSync(
    config,
    `version = 2
root = "${dir}/root"
state = "${dir}/state"
disabled_plugins = [${cri ? "" : `"io.containerd.grpc.v1.cri"`}]
[grpc]
address = "${socket}"
${cri ? await criConfig(dir, cri) : ""}`,
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
