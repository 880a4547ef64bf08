import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { judgeRuntime, NETWORK_PLUGINS, PACKAGES, type RuntimeDetection } from "./requirements.ts";

/** Folders that the PATH of a service may lack. */
const SYSTEM_FOLDERS = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/** The PATH with the system's own folders, where the programs are that containers need. */
export const systemPath = (path: string | undefined): readonly string[] => [
  ...new Set([...(path ?? "").split(delimiter).filter(Boolean), ...SYSTEM_FOLDERS]),
];

/** From now on this process, and all that it starts, finds what {@link detectRuntime} finds. */
export function useSystemPath(): void {
  process.env["PATH"] = systemPath(process.env["PATH"]).join(delimiter);
}
const PLUGIN_FOLDERS = ["/opt/cni/bin", "/usr/lib/cni", "/usr/libexec/cni"];

export interface DetectionOptions {
  /** A containerd of the user's is used: what it needs is not looked for. Default false. */
  readonly givenContainerd?: boolean;
  /** Where programs are looked for; default: the PATH and the system's own folders. */
  readonly path?: readonly string[];
  readonly pluginFolders?: readonly string[];
  readonly platform?: string;
  readonly isRoot?: boolean;
}

/** Whether this machine can run containers. */
export async function detectRuntime(options: DetectionOptions = {}): Promise<RuntimeDetection> {
  const {
    givenContainerd = false,
    path = systemPath(process.env["PATH"]),
    pluginFolders = PLUGIN_FOLDERS,
    platform = process.platform,
    isRoot = process.getuid?.() === 0,
  } = options;
  const programs = new Map<string, string>();
  for (const name of [...PACKAGES.keys(), "apt-get"]) {
    const found = await firstFolder(path, [name]);
    if (found !== undefined) programs.set(name, join(found, name));
  }
  const networkPlugins = await firstFolder(pluginFolders, NETWORK_PLUGINS);
  return judgeRuntime({ platform, isRoot, programs, networkPlugins, givenContainerd });
}

/** The first folder with all of these as programs. */
async function firstFolder(folders: readonly string[], names: readonly string[]): Promise<string | undefined> {
  for (const folder of folders) {
    const found = await Promise.all(names.map((name) => isProgram(join(folder, name))));
    if (found.every(Boolean)) return folder;
  }
  return undefined;
}

const isProgram = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
