/** The rooms of src/ and what each may import: the table of docs/architecture.md, checked by check-imports.ts. */
export interface Room {
  readonly imports: readonly string[];
  /** Runs in a browser as it is: no `node:*`, no native module. */
  readonly neutral: boolean;
  /** Packages from the registry that it may import. */
  readonly packages?: readonly string[];
}

const PLANNERS = ["client", "objects", "base"];

/** Keys are folders of src/; a folder inside a room that is named here is a room of its own with its own index. */
export const ROOMS: Readonly<Record<string, Room>> = {
  base: { imports: [], neutral: true },
  objects: { imports: ["base"], neutral: true, packages: ["yaml"] },
  programs: { imports: ["base"], neutral: false },
  wire: { imports: ["base"], neutral: false, packages: ["@peculiar/x509", "reflect-metadata", "ws"] },
  "wire/grpc": { imports: ["base"], neutral: false, packages: ["@grpc/grpc-js", "protobufjs"] },
  store: { imports: ["base"], neutral: true },
  "store/memory": { imports: ["base", "store"], neutral: true },
  "store/lmdb": { imports: ["base", "store"], neutral: false, packages: ["lmdb"] },
  "store/testing": { imports: ["base", "store"], neutral: false, packages: ["fast-check"] },
  registry: { imports: ["base", "objects", "store"], neutral: true },
  client: { imports: ["base", "objects"], neutral: true, packages: ["yaml"] },
  "client/testing": { imports: ["base", "objects", "client"], neutral: false },
  auth: { imports: ["base", "objects", "client"], neutral: true },
  "auth/tokens": { imports: ["auth", "base", "objects"], neutral: true, packages: ["jose"] },
  admission: { imports: ["base", "objects", "client"], neutral: true },
  apiserver: {
    imports: ["auth", "admission", "registry", "client", "objects", "base"],
    neutral: true,
  },
  controllers: { imports: PLANNERS, neutral: true },
  scheduler: { imports: PLANNERS, neutral: true },
  kubelet: { imports: PLANNERS, neutral: true },
  "kubelet/simulated": { imports: [...PLANNERS, "kubelet"], neutral: true },
  "kubelet/containerd": { imports: [...PLANNERS, "kubelet", "programs", "wire", "wire/grpc"], neutral: false },
  "kubelet/volumes": { imports: [...PLANNERS, "kubelet", "programs"], neutral: false },
  proxy: { imports: [...PLANNERS, "programs"], neutral: false },
  dns: { imports: PLANNERS, neutral: false, packages: ["dns-packet"] },
  composition: {
    imports: [
      "base",
      "objects",
      "store",
      "registry",
      "client",
      "auth",
      "auth/tokens",
      "admission",
      "apiserver",
      "controllers",
      "scheduler",
      "kubelet",
      "kubelet/simulated",
    ],
    neutral: true,
  },
  cluster: {
    imports: [
      "base",
      "objects",
      "programs",
      "wire",
      "store",
      "store/memory",
      "store/lmdb",
      "registry",
      "client",
      "apiserver",
      "composition",
      "kubelet",
      "kubelet/simulated",
      "kubelet/containerd",
      "kubelet/volumes",
      "proxy",
      "dns",
    ],
    neutral: false,
    packages: ["yaml"],
  },
  cli: { imports: ["cluster", "client", "objects", "base"], neutral: false },
  simulation: {
    imports: [
      "base",
      "objects",
      "store",
      "store/memory",
      "registry",
      "client",
      "auth",
      "admission",
      "apiserver",
      "composition",
      "controllers",
      "scheduler",
      "kubelet",
      "kubelet/simulated",
    ],
    neutral: true,
  },
  simulator: {
    imports: [
      "base",
      "objects",
      "store",
      "store/memory",
      "registry",
      "client",
      "apiserver",
      "composition",
      "kubelet",
      "kubelet/simulated",
    ],
    neutral: true,
  },
};
