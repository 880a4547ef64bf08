import type { AnyContainer } from "../runtime.ts";

/** A file in a volume of the pod. */
export interface FileReference {
  readonly volume: string;
  readonly path: string;
}

/** What a container's variables are looked up in; each once. */
export interface EnvironmentReferences {
  readonly configMaps: ReadonlySet<string>;
  readonly secrets: ReadonlySet<string>;
  readonly files: readonly FileReference[];
}

const NOTHING: EnvironmentReferences = { configMaps: new Set(), secrets: new Set(), files: [] };

export function referencesOf({ env, envFrom }: AnyContainer): EnvironmentReferences {
  if (!envFrom?.length && !env?.some(({ valueFrom }) => valueFrom)) return NOTHING;
  const configMaps = new Set<string>();
  const secrets = new Set<string>();
  const files: FileReference[] = [];
  for (const { configMapRef, secretRef } of envFrom ?? []) {
    if (configMapRef) configMaps.add(configMapRef.name ?? "");
    else if (secretRef) secrets.add(secretRef.name ?? "");
  }
  for (const { value, valueFrom } of env ?? []) {
    if (value || !valueFrom) continue;
    const { configMapKeyRef, secretKeyRef, fileKeyRef } = valueFrom;
    if (configMapKeyRef) configMaps.add(configMapKeyRef.name ?? "");
    else if (secretKeyRef) secrets.add(secretKeyRef.name ?? "");
    else if (fileKeyRef) files.push({ volume: fileKeyRef.volumeName, path: fileKeyRef.path });
  }
  return { configMaps, secrets, files };
}
