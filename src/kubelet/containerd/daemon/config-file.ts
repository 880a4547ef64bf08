import type { Layout } from "./layout.ts";

export interface ConfigFile {
  readonly layout: Layout;
  readonly snapshotter: "overlayfs" | "native";
  readonly pauseImage: string;
  readonly cniPlugins: string;
  readonly maxConcurrentDownloads: number;
  /** We may not ask the kernel to spare processes when memory runs out: containerd is not to try. */
  readonly restrictOomScore: boolean;
}

/** Plugins of containerd that are not used here, or that need what is not there. */
const DISABLED = [
  ...["aufs", "btrfs", "devmapper", "zfs"].map((name) => `io.containerd.snapshotter.v1.${name}`),
  "io.containerd.tracing.processor.v1.otlp",
  "io.containerd.internal.v1.opt",
  "io.containerd.internal.v1.tracing",
];

const CRI = "io.containerd.grpc.v1.cri";

/** What containerd is configured with, as TOML of version 2 (1.4 and later; newer ones translate it for themselves). */
export function configFile({ layout, ...options }: ConfigFile): string {
  return toml([
    ["", { version: 2, root: layout.root, state: layout.state, disabled_plugins: DISABLED }],
    ["grpc", { address: layout.socket }],
    [
      `plugins."${CRI}"`,
      {
        sandbox_image: options.pauseImage,
        stream_server_address: "127.0.0.1",
        stream_server_port: "0",
        max_concurrent_downloads: options.maxConcurrentDownloads,
        max_container_log_line_size: 16_384,
        tolerate_missing_hugetlb_controller: true,
        restrict_oom_score_adj: options.restrictOomScore,
        // With the rest of its state, not where the machine's own network namespaces have their names.
        netns_mounts_under_state_dir: true,
      },
    ],
    [`plugins."${CRI}".containerd`, { snapshotter: options.snapshotter, default_runtime_name: "runc" }],
    [`plugins."${CRI}".containerd.runtimes.runc`, { runtime_type: "io.containerd.runc.v2" }],
    [`plugins."${CRI}".containerd.runtimes.runc.options`, { SystemdCgroup: false, Root: layout.runc }],
    [`plugins."${CRI}".cni`, { bin_dir: options.cniPlugins, conf_dir: layout.cniConfig, max_conf_num: 1 }],
    [`plugins."${CRI}".registry`, { config_path: layout.registries }],
  ]);
}

type Value = string | number | boolean | readonly string[];

function toml(tables: readonly (readonly [name: string, values: Readonly<Record<string, Value>>])[]): string {
  return tables
    .map(([name, values]) => {
      // JSON's strings, numbers and lists are TOML's too.
      const lines = Object.entries(values).map(([key, value]) => `${key} = ${JSON.stringify(value)}\n`);
      return `${name ? `[${name}]\n` : ""}${lines.join("")}`;
    })
    .join("\n");
}
