import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { detectRuntime, missingText } from "../machine/index.ts";

/** Why real containers cannot be run here; undefined when they can. */
export async function missingForContainers(): Promise<string | undefined> {
  const found = await detectRuntime();
  if (!found.ok) return missingText(found);
  return staticBusybox() === undefined
    ? "needs a busybox that is linked statically (Debian: busybox-static)"
    : undefined;
}

/** Where the test's second run, which has no network, finds what the first has found. */
export const BUSYBOX_VARIABLE = "KNARR_TEST_BUSYBOX";

let found = process.env[BUSYBOX_VARIABLE];

/** A busybox that runs in an empty image: the machine's, or Debian's package, unpacked in a temporary folder. */
export function staticBusybox(): string | undefined {
  found ??= ["/bin/busybox", "/usr/bin/busybox"].find((path) => existsSync(path) && isStatic(path)) ?? unpacked();
  return found;
}

const isStatic = (path: string): boolean =>
  !readFileSync(path).includes("/lib64/ld-linux") && !readFileSync(path).includes("/lib/ld-");

function unpacked(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), "knarr-busybox-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  try {
    execFileSync("apt-get", ["download", "-q", "busybox-static"], { cwd: folder, stdio: "ignore" });
    const deb = readdirSync(folder).find((name) => name.endsWith(".deb"))!;
    execFileSync("dpkg-deb", ["-x", deb, "."], { cwd: folder, stdio: "ignore" });
    return ["bin/busybox", "usr/bin/busybox"].map((path) => join(folder, path)).find((path) => existsSync(path));
  } catch {
    return undefined;
  }
}
