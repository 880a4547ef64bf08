import { rm } from "node:fs/promises";
import type { Log } from "#base";
import { runCommand } from "#programs";
import { CALL_MS, type Cri } from "../cri/services.ts";
import { unlessGone } from "../runtime/ids.ts";
import { clearTask, type ClearTaskOptions } from "./clear-task.ts";
import { findShims, orphansOf, type Inventory, type Known } from "./leftovers.ts";

export interface SweepOptions extends ClearTaskOptions {
  readonly cri: Cri;
  /** The path of containerd's client. */
  readonly ctr: string;
  readonly log: Log;
}

/** Removes what of an inventory the containerd that runs now does not know. Never rejects. */
export async function sweep(inventory: Inventory, options: SweepOptions): Promise<void> {
  const { layout, log } = options;
  if (Object.values(inventory).every((list: readonly unknown[]) => list.length === 0)) return;
  const attempt = async (what: string, action: () => Promise<unknown>) => {
    try {
      await action();
    } catch (error) {
      log.warn("a left-over of containerd could not be removed", { what, error: String(error) });
    }
  };
  await attempt("everything", async () => {
    // The lists may change while they are read: a second read sees them whole.
    const known = await lookUp(options).catch(() => lookUp(options));
    const orphans = orphansOf(inventory, known);
    const forgotten = new Set(orphans.shims.map(({ container }) => container));
    // They may have gone on with what they were at.
    for (const { container, processes } of await findShims(layout.socket)) {
      if (!forgotten.has(container)) continue;
      log.info("a container that containerd has forgotten is ended", { container });
      for (const pid of processes) kill(pid);
    }
    for (const container of new Set([...forgotten, ...orphans.tasks]))
      await attempt(container, () => clearTask(container, options));
    for (const file of orphans.networks) await attempt(file, () => removeNetwork(file));
    for (const { file } of orphans.addresses) await attempt(file, () => rm(file, { force: true }));
  });
}

async function lookUp({ cri, ctr, layout }: SweepOptions): Promise<Known> {
  const list = async (what: string, ...flags: readonly string[]) => {
    const common = ["--address", layout.socket, "--namespace", "k8s.io", what, "ls", ...flags];
    return (await runCommand(ctr, common)).split("\n").filter(Boolean);
  };
  const containers = new Set(await list("containers", "--quiet"));
  const rows = (await list("tasks")).slice(1).map((row) => row.split(/\s+/));
  const tasks = new Map(rows.map(([id = "", pid = ""]) => [id, Number(pid)]));
  const networks = new Set<string>();
  const { items } = await cri.call("RuntimeService.ListPodSandbox", {}, { timeoutMs: CALL_MS });
  for (const { id } of items) {
    const request = { podSandboxId: id, verbose: true };
    // It may have gone meanwhile: others are at work, too.
    const found = await unlessGone(cri.call("RuntimeService.PodSandboxStatus", request, { timeoutMs: CALL_MS }));
    for (const path of networksIn(found?.info["info"] ?? "")) networks.add(path);
  }
  return { containers, tasks, networks };
}

/** Where the namespaces of a sandbox are, by what containerd tells of it. */
const networksIn = (info: string): readonly string[] =>
  [...info.matchAll(/"(\/[^"]+\/netns\/[^"/]+)"/g)].map(([, path]) => path!);

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

async function removeNetwork(file: string): Promise<void> {
  await runCommand("umount", ["--lazy", file]).catch(() => {});
  await rm(file, { force: true });
}
