/** A line of /proc/self/mountinfo, in part. */
export interface MountPoint {
  readonly path: string;
  /** tmpfs, ext4 … */
  readonly type: string;
  /** What is mounted in it is mounted in its peers too: in what containers see of it, if they want to. */
  readonly shared: boolean;
}

/** Reads /proc/self/mountinfo: the mounts of this mount namespace in the order in which they were made. */
export function parseMountInfo(text: string): readonly MountPoint[] {
  return text.split("\n").flatMap((line) => {
    const [mount = "", source = ""] = line.split(" - ");
    const [, , , , path, , ...more] = mount.split(" ");
    const type = source.split(" ")[0];
    if (path === undefined || type === undefined) return [];
    return [{ path: unescape(path), type, shared: more.some((field) => field.startsWith("shared:")) }];
  });
}

/** Blanks, line ends and backslashes stand as octal numbers. */
function unescape(path: string): string {
  return path.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** What is mounted at a path; of several on top of each other, what is seen. */
export const mountAt = (mounts: readonly MountPoint[], path: string): MountPoint | undefined =>
  mounts.findLast((mount) => mount.path === path);

/** The mount that a path is on, if nothing has covered it since (upstream findMountInfo). */
export const mountHolding = (mounts: readonly MountPoint[], path: string): MountPoint | undefined =>
  mounts.findLast((mount) => path === mount.path || path.startsWith(mount.path === "/" ? "/" : `${mount.path}/`));

/** The mounts at a path and below it, in the order in which they have to go. */
export const mountsUnder = (mounts: readonly MountPoint[], path: string): readonly MountPoint[] =>
  mounts.filter((mount) => mount.path === path || mount.path.startsWith(`${path}/`)).toReversed();
