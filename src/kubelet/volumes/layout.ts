import { join } from "node:path";

/** What the kubelet's directory of a pod has in it, as upstream lays it out. */
export interface Layout {
  readonly pods: string;
  /** What a kind of volume keeps for the node, whichever pods use it: `plugins/kubernetes.io/csi`. */
  pluginDir(...names: readonly string[]): string;
  podDir(uid: string): string;
  /** All volumes: `<plugin>/<volume>` below it. */
  volumesDir(uid: string): string;
  volumeDir(uid: string, plugin: string, volume: string): string;
  /** There once a volume has been made ready: it is not made anew then. */
  readyFile(uid: string, volume: string): string;
  pluginsDir(uid: string): string;
  subPathsDir(uid: string): string;
  /** Where the sub path of a container's mount of that index is bound to. */
  subPathTarget(uid: string, volume: string, container: string, index: number): string;
}

export function createLayout(rootDir: string): Layout {
  const pods = join(rootDir, "pods");
  const podDir = (uid: string) => join(pods, segment(uid));
  const volumesDir = (uid: string) => join(podDir(uid), "volumes");
  const pluginsDir = (uid: string) => join(podDir(uid), "plugins");
  const subPathsDir = (uid: string) => join(podDir(uid), "volume-subpaths");
  return {
    pods,
    pluginDir: (...names) => join(rootDir, "plugins", ...names.map(segment)),
    podDir,
    volumesDir,
    volumeDir: (uid, plugin, volume) => join(volumesDir(uid), segment(plugin), segment(volume)),
    readyFile: (uid, volume) => join(pluginsDir(uid), "kubernetes.io~empty-dir", segment(volume), "ready"),
    pluginsDir,
    subPathsDir,
    subPathTarget: (uid, volume, container, index) =>
      join(subPathsDir(uid), segment(volume), segment(container), String(index)),
  };
}

/** A name that stays within its directory: the API validates that, but a directory must not depend on it. */
function segment(name: string): string {
  if (name === "" || name === "." || name === ".." || /[/\0]/.test(name)) {
    throw new Error(`invalid name for a directory: ${JSON.stringify(name)}`);
  }
  return name;
}
