import { join } from "node:path";

/** Where a private containerd has its things, under one folder. */
export interface Layout {
  readonly root: string;
  readonly state: string;
  readonly socket: string;
  readonly config: string;
  readonly log: string;
  readonly pid: string;
  readonly cniConfig: string;
  /** Which addresses are taken. */
  readonly cniAddresses: string;
  /** A folder for each registry: `hosts.toml` and certificates. */
  readonly registries: string;
  /** Where the network namespaces of pods are mounted. */
  readonly networks: string;
  /** Where shims have a folder for each container that runs. */
  readonly tasks: string;
  /** Where runc keeps what runs. */
  readonly runc: string;
}

export const layoutOf = (folder: string): Layout => ({
  root: join(folder, "root"),
  state: join(folder, "state"),
  socket: join(folder, "containerd.sock"),
  config: join(folder, "config.toml"),
  log: join(folder, "containerd.log"),
  pid: join(folder, "containerd.pid"),
  cniConfig: join(folder, "cni"),
  cniAddresses: join(folder, "addresses"),
  registries: join(folder, "certs.d"),
  networks: join(folder, "state", "io.containerd.grpc.v1.cri", "netns"),
  tasks: join(folder, "state", "io.containerd.runtime.v2.task", "k8s.io"),
  runc: join(folder, "state", "runc"),
});
