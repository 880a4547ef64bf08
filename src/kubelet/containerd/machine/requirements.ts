/** What a machine has that containers need. */
export interface MachineTools {
  readonly platform: string;
  readonly isRoot: boolean;
  /** Paths of programs by name; only those that are there. */
  readonly programs: ReadonlyMap<string, string>;
  /** The folder with the network plugins, when there is one with all that are needed. */
  readonly networkPlugins: string | undefined;
  /** Containers are run by a containerd that the user has installed, with all that it needs. */
  readonly givenContainerd?: boolean;
}

export type RuntimeDetection =
  | { readonly ok: true; readonly programs: ReadonlyMap<string, string>; readonly networkPlugins: string | undefined }
  | {
      readonly ok: false;
      /** In words: `root rights`, `containerd`, `network plugins (bridge, host-local, loopback)`. */
      readonly missing: readonly string[];
      /** How to get it, one line: `apt-get install containerd runc`. */
      readonly hint: string;
    };

export const NETWORK_PLUGINS = ["bridge", "host-local", "loopback"] as const;

/** The programs that containers need, and the Debian packages that have them. */
export const PACKAGES: ReadonlyMap<string, string> = new Map([
  ["containerd", "containerd"],
  ["ctr", "containerd"],
  ["runc", "runc"],
  ["nft", "nftables"],
  ["ip", "iproute2"],
  ["mount", "mount"],
]);
/** Those that only a containerd of our own needs. */
const OF_CONTAINERD: ReadonlySet<string> = new Set(["containerd", "ctr", "runc"]);
const PLUGINS_PACKAGE = "containernetworking-plugins";

/** Whether a machine can run containers; if not, what is missing and how to get it. */
export function judgeRuntime(machine: MachineTools): RuntimeDetection {
  const { platform, isRoot, programs, networkPlugins, givenContainerd = false } = machine;
  if (platform !== "linux") {
    return { ok: false, missing: ["Linux"], hint: "real containers need Linux, in a virtual machine for example" };
  }
  const lacking = [...PACKAGES].filter(
    ([program]) => !programs.has(program) && !(givenContainerd && OF_CONTAINERD.has(program)),
  );
  const lacksPlugins = networkPlugins === undefined && !givenContainerd;
  if (isRoot && lacking.length === 0 && !lacksPlugins) return { ok: true, programs, networkPlugins };
  const missing = [
    ...(isRoot ? [] : ["root rights"]),
    ...lacking.map(([program]) => program),
    ...(lacksPlugins ? [`network plugins (${NETWORK_PLUGINS.join(", ")})`] : []),
  ];
  const packages = new Set([
    ...lacking.map(([, debianPackage]) => debianPackage),
    ...(lacksPlugins ? [PLUGINS_PACKAGE] : []),
  ]);
  const ways = [
    ...(packages.size > 0
      ? [`${programs.has("apt-get") ? "apt-get install" : "install"} ${[...packages].join(" ")}`]
      : []),
    ...(isRoot ? [] : ["start it as root"]),
  ];
  return { ok: false, missing, hint: ways.join(", and ") };
}

/** What is missing and how to get it, in one line for users. */
export const missingText = ({ missing, hint }: Extract<RuntimeDetection, { readonly ok: false }>): string =>
  `real containers lack ${missing.join(", ")} (${hint})`;
