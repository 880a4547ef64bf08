import type { Stats } from "node:fs";
import { mkdir, open, stat } from "node:fs/promises";
import { hasCode } from "../linux/errors.ts";
import type { VolumeSpec } from "#kubelet";
import type { VolumePlugin } from "../plugin.ts";

/** A file or directory of the node itself. */
export const hostPathPlugin: VolumePlugin = {
  directory: "kubernetes.io~host-path",
  supports: (spec) => sourceOf(spec) !== undefined,
  async setUp(spec) {
    const { path = "", type = "" } = sourceOf(spec) ?? {};
    if (path.split("/").includes("..")) throw new Error(`invalid HostPath \`${path}\`: must not contain '..'`);
    await checkType(path, type);
    return { content: { type: "path", path }, readOnly: spec.readOnly };
  },
};

const sourceOf = ({ volume, bound }: VolumeSpec) => bound?.volume.spec?.hostPath ?? volume.hostPath;

interface HostPathType {
  readonly is: (stats: Stats) => boolean;
  readonly what: string;
  readonly make?: (path: string) => Promise<unknown>;
}

const DIRECTORY: HostPathType = { is: (stats) => stats.isDirectory(), what: "directory" };
const FILE: HostPathType = { is: (stats) => stats.isFile(), what: "file" };

const TYPES: ReadonlyMap<string, HostPathType> = new Map([
  ["Directory", DIRECTORY],
  ["DirectoryOrCreate", { ...DIRECTORY, make: (path: string) => mkdir(path, { recursive: true, mode: 0o755 }) }],
  ["File", FILE],
  ["FileOrCreate", { ...FILE, make: makeFile }],
  ["Socket", { is: (stats: Stats) => stats.isSocket(), what: "socket file" }],
  ["CharDevice", { is: (stats: Stats) => stats.isCharacterDevice(), what: "character device" }],
  ["BlockDevice", { is: (stats: Stats) => stats.isBlockDevice(), what: "block device" }],
]);

async function checkType(path: string, name: string): Promise<void> {
  if (name === "") return;
  const type = TYPES.get(name);
  if (!type) throw new Error(`${name} is an invalid volume type`);
  const found = await statOf(path);
  if (!found && type.make) await type.make(path);
  else if (!found || !type.is(found)) throw new Error(`hostPath type check failed: ${path} is not a ${type.what}`);
}

async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
}

async function makeFile(path: string): Promise<void> {
  const file = await open(path, "a", 0o644);
  await file.close();
}
