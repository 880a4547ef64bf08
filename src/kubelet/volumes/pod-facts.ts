import {
  type Int64,
  parseQuantity,
  podLimits,
  quantityValue,
  type PersistentVolume,
  type Pod,
  type Volume,
} from "#objects";
import type { AnyContainer } from "#kubelet";

export const containersOf = ({ spec }: Pod): readonly AnyContainer[] => [
  ...(spec?.initContainers ?? []),
  ...(spec?.containers ?? []),
  ...(spec?.ephemeralContainers ?? []),
];

/** `configMap`, `emptyDir` …; one that says nothing is an empty directory. */
export const kindOf = (volume: Volume): string => Object.keys(volume).find((key) => key !== "name") ?? "emptyDir";

/** The same of a PersistentVolume. */
export const sourceKind = ({ spec = {} }: PersistentVolume): string =>
  Object.keys(spec).find((key) => !NO_SOURCES.has(key)) ?? "";

const NO_SOURCES: ReadonlySet<string> = new Set([
  "accessModes",
  "capacity",
  "claimRef",
  "mountOptions",
  "nodeAffinity",
  "persistentVolumeReclaimPolicy",
  "storageClassName",
  "volumeAttributesClassName",
  "volumeMode",
]);

/** The names of the volumes that containers use: only these are mounted. */
export function usedVolumes(pod: Pod): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { volumeMounts = [], volumeDevices = [], env = [] } of containersOf(pod)) {
    for (const { name } of [...volumeMounts, ...volumeDevices]) names.add(name);
    for (const { valueFrom } of env) if (valueFrom?.fileKeyRef) names.add(valueFrom.fileKeyRef.volumeName);
  }
  return names;
}

/** Ids that are let through fit into 31 bits. */
const idOf = (id: Int64 | undefined) => (id === undefined ? undefined : Number(id));

export const fsGroupOf = ({ spec }: Pod): number | undefined => idOf(spec?.securityContext?.fsGroup);

/** `OnRootMismatch`: what has the right group is left alone. */
export const fsGroupChangePolicyOf = ({ spec }: Pod): string => spec?.securityContext?.fsGroupChangePolicy ?? "Always";

/** The user that all of the pod's containers run as, if they say so (upstream FsUserFrom). */
export function fsUserOf(pod: Pod): number | undefined {
  const common = pod.spec?.securityContext?.runAsUser;
  const users = new Set(containersOf(pod).map(({ securityContext }) => securityContext?.runAsUser ?? common));
  return users.size === 1 ? idOf([...users][0]) : undefined;
}

/**
 * How many bytes a volume in memory may hold: what its limit says, but no more than the pod may use or the node can
 * give (upstream calculateEmptyDirMemorySize). Undefined when neither says.
 */
export function memoryBytes(
  pod: Pod,
  sizeLimit: string | undefined,
  nodeMemory: string | undefined,
): number | undefined {
  const bytes = (quantity: string | undefined) => (quantity === undefined ? 0 : quantityValue(parseQuantity(quantity)));
  const known = [bytes(sizeLimit), podMemory(pod), bytes(nodeMemory)].filter((size) => size > 0);
  return known.length > 0 ? Math.min(...known) : undefined;
}

/** 0: no limit. */
function podMemory(pod: Pod): number {
  const { resources, containers = [], initContainers = [] } = pod.spec ?? {};
  const isLimited = (limits: Readonly<Record<string, string>> | undefined) =>
    limits?.["memory"] !== undefined && quantityValue(parseQuantity(limits["memory"])) > 0;
  const all = [...containers, ...initContainers].every((container) => isLimited(container.resources?.limits));
  return all || isLimited(resources?.limits) ? (podLimits(pod)["memory"] ?? 0) : 0;
}

/** Directories in a volume that other volumes are mounted in, by their paths there (upstream getNestedMountpoints). */
export function nestedMountPoints(pod: Pod, volume: string): readonly string[] {
  const nested = new Set<string>();
  for (const { volumeMounts = [] } of containersOf(pod)) {
    const paths = volumeMounts.map(({ name, mountPath }) => ({ name, path: cleanPath(mountPath) }));
    for (const own of paths) {
      if (own.name !== volume) continue;
      const prefix = own.path === "/" ? "/" : `${own.path}/`;
      const below = paths.map(({ path }) => path).filter((path) => path.startsWith(prefix) && path !== own.path);
      for (const path of below) {
        if (!below.some((outer) => path.startsWith(`${outer}/`))) nested.add(path.slice(prefix.length));
      }
    }
  }
  return [...nested];
}

/** Absolute, without `.`, `..` and doubled slashes. */
function cleanPath(path: string): string {
  const names: string[] = [];
  for (const name of path.split("/")) {
    if (name === "..") names.pop();
    else if (name !== "" && name !== ".") names.push(name);
  }
  return `/${names.join("/")}`;
}
