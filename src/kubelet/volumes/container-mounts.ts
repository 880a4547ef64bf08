import { expand, type AnyContainer } from "#kubelet";
import { goQuote, type VolumeMount } from "#objects";

/** A mount of a container with all that its spec leaves open decided. */
export interface PlannedMount {
  readonly volume: string;
  /** Absolute. */
  readonly containerPath: string;
  /** In the volume; empty: all of it. */
  readonly subPath: string;
  readonly readOnly: boolean;
  readonly recursiveReadOnly: boolean;
  readonly propagation: "None" | "HostToContainer" | "Bidirectional";
}

/**
 * A container's mounts in their order (upstream makeMounts). `recursiveReadOnly`: whether the runtime can do that.
 *
 * @throws Error with upstream's text.
 */
export function planMounts(
  { volumeMounts = [] }: AnyContainer,
  env: ReadonlyMap<string, string>,
  recursiveReadOnly: boolean,
): readonly PlannedMount[] {
  return volumeMounts.map((mount) => ({
    volume: mount.name,
    containerPath: mount.mountPath.startsWith("/") ? mount.mountPath : `/${mount.mountPath}`,
    subPath: subPathOf(mount, env),
    readOnly: mount.readOnly ?? false,
    recursiveReadOnly: isRecursive(mount, recursiveReadOnly),
    propagation: propagationOf(mount),
  }));
}

function subPathOf({ subPath = "", subPathExpr }: VolumeMount, env: ReadonlyMap<string, string>): string {
  const path = subPathExpr ? expandAll(subPathExpr, env) : subPath;
  if (path.startsWith("/")) throw new Error(`error SubPath \`${path}\` must not be an absolute path`);
  if (path.split("/").includes("..")) {
    throw new Error(`unable to provision SubPath \`${path}\`: must not contain '..'`);
  }
  if (path.includes("\0")) throw new Error(`unable to provision SubPath \`${path}\``);
  return path;
}

/** Every variable must have a value: without it the path would be another. */
function expandAll(expression: string, env: ReadonlyMap<string, string>): string {
  const missing = new Set<string>();
  const expanded = expand(expression, (name) => {
    const value = env.get(name) ?? "";
    if (value === "") missing.add(name);
    return value;
  });
  if (missing.size > 0) throw new Error(`missing value for ${[...missing].toSorted().join(", ")}`);
  return expanded;
}

function propagationOf({ mountPropagation = "None" }: VolumeMount): PlannedMount["propagation"] {
  switch (mountPropagation) {
    case "None":
    case "HostToContainer":
    case "Bidirectional":
      return mountPropagation;
    default:
      throw new Error(`invalid MountPropagation mode: ${goQuote(mountPropagation)}`);
  }
}

function isRecursive(mount: VolumeMount, supported: boolean): boolean {
  const { name, readOnly, recursiveReadOnly: mode = "Disabled", mountPropagation = "None" } = mount;
  if (mode === "Disabled") return false;
  const asked = `failed to resolve recursive read-only mode: volume ${goQuote(name)} requested recursive read-only mode, but it is`;
  if (!readOnly) throw new Error(`${asked} not read-only`);
  if (mountPropagation !== "None") {
    throw new Error(`${asked} not compatible with propagation ${goQuote(mountPropagation)}`);
  }
  if (mode === "IfPossible") return supported;
  if (mode !== "Enabled") {
    throw new Error(`failed to resolve recursive read-only mode: unknown recursive read-only mode ${goQuote(mode)}`);
  }
  if (!supported) throw new Error(`${asked} not supported by the runtime`);
  return true;
}
