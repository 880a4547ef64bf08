import { existsSync, mkdirSync, readFileSync, symlinkSync, copyFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { release } from "node:os";
import { join } from "node:path";
import { must } from "./commands.ts";
import { withLock } from "./lock.ts";
import { ensurePackages, unpackedPackage, type Readiness } from "./packages.ts";
import { cacheFolder } from "./paths.ts";

/**
 * Whether real containers can run here, after installing what they need. Asked once in a process; what it costs to
 * find out is paid once in the life of the machine's kernel.
 */
export function realMachine(): Promise<Readiness> {
  answer ??= look();
  return answer;
}
let answer: Promise<Readiness> | undefined;

/**
 * For `test(name, { skip: await skipUnlessReal() }, …)`: false where containers can run. Where they cannot, the
 * reason, which is also said on standard error, so that a skipped suite is not taken for a passed one.
 */
export async function skipUnlessReal(): Promise<string | false> {
  const machine = await realMachine();
  if (machine.ok) return false;
  process.stderr.write(`\nSKIPPED: the tests with real containers in ${process.argv[1]}: ${machine.reason}\n\n`);
  return machine.reason;
}

async function look(): Promise<Readiness> {
  if (process.platform !== "linux") return { ok: false, reason: `containers need Linux, not ${process.platform}` };
  if (process.getuid?.() !== 0) return { ok: false, reason: "containers need root" };
  const packages = await ensurePackages();
  if (!packages.ok) return packages;
  const stamp = join(cacheFolder("stamps"), `containers-run-${release()}`);
  // The id changes with each boot: another kernel, another answer.
  const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === boot) return { ok: true };
  try {
    await withLock("try-container", tryContainer);
  } catch (error) {
    return { ok: false, reason: `a container does not run here: ${(error as Error).message}` };
  }
  writeFileSync(stamp, boot);
  return { ok: true };
}

/** Runs a container with mounts, a cgroup and a network of its own, as a node would. */
async function tryContainer(): Promise<void> {
  const bundle = await mkdtemp(join(cacheFolder("work"), "container-"));
  const id = `knarr-try-${process.pid}`;
  try {
    const bin = join(bundle, "rootfs/bin");
    mkdirSync(bin, { recursive: true });
    copyFileSync(join(await unpackedPackage("busybox-static"), "bin/busybox"), join(bin, "busybox"));
    symlinkSync("busybox", join(bin, "sh"));
    await must("runc", ["spec", "--bundle", bundle]);
    const path = join(bundle, "config.json");
    const spec = JSON.parse(readFileSync(path, "utf8")) as {
      process: { terminal: boolean; args: string[] };
      linux: { cgroupsPath?: string };
    };
    spec.process.terminal = false;
    spec.process.args = ["/bin/sh", "-c", "echo it runs"];
    spec.linux.cgroupsPath = `/${id}`;
    writeFileSync(path, JSON.stringify(spec));
    const output = await must("runc", ["run", "--bundle", bundle, id], { timeoutMs: 120_000 });
    if (!output.includes("it runs")) throw new Error(`it printed ${JSON.stringify(output)}`);
    await must("ip", ["netns", "add", id]);
    await must("nsenter", [`--net=/run/netns/${id}`, "nft", "add", "table", "inet", "knarr_try"]);
  } finally {
    await must("ip", ["netns", "del", id]).catch(() => {});
    await must("runc", ["delete", "--force", id]).catch(() => {});
    await rm(bundle, { recursive: true, force: true });
  }
}
