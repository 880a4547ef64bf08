import {
  forbidden,
  invalid,
  notFound,
  notSupported,
  required,
  type FieldError,
  type Volume,
  type VolumeDevice,
  type VolumeMount,
} from "#objects";
import type { AnyContainer } from "./context.ts";
import { validateDescending, validateNoBacksteps } from "./paths.ts";

type Volumes = ReadonlyMap<string, Volume>;

/** Source: upstream ValidateVolumeMounts. */
export function validateMounts(container: AnyContainer, volumes: Volumes, path: string): FieldError[] {
  if (!container.volumeMounts?.length) return [];
  const devices = container.volumeDevices ?? [];
  const deviceNames = new Set(devices.map(({ name }) => name));
  const devicePaths = new Set(devices.map(({ devicePath }) => devicePath));
  const seen = new Set<string>();
  return container.volumeMounts.flatMap((mount, i) => {
    const at = `${path}[${i}]`;
    const errors: FieldError[] = [];
    if (!mount.name) errors.push(required(`${at}.name`));
    if (!volumes.has(mount.name)) errors.push(notFound(`${at}.name`, mount.name));
    if (!mount.mountPath) errors.push(required(`${at}.mountPath`));
    if (seen.has(mount.mountPath)) errors.push(invalid(`${at}.mountPath`, mount.mountPath, "must be unique"));
    seen.add(mount.mountPath);
    if (deviceNames.has(mount.name)) {
      errors.push(invalid(`${at}.name`, mount.name, "must not already exist in volumeDevices"));
    }
    if (devicePaths.has(mount.mountPath)) {
      errors.push(invalid(`${at}.mountPath`, mount.mountPath, "must not already exist as a path in volumeDevices"));
    }
    if (mount.subPath) errors.push(...validateDescending(mount.subPath, `${path}.subPath`));
    if (mount.subPathExpr) {
      if (mount.subPath) {
        errors.push(invalid(`${at}.subPathExpr`, mount.subPathExpr, "subPathExpr and subPath are mutually exclusive"));
      }
      errors.push(...validateDescending(mount.subPathExpr, `${path}.subPathExpr`));
    }
    errors.push(...validatePropagation(mount, container, `${path}.mountPropagation`));
    errors.push(...validateRecursiveReadOnly(mount, `${path}.recursiveReadOnly`));
    return errors;
  });
}

const PROPAGATIONS = ["Bidirectional", "HostToContainer", "None"];

function validatePropagation({ mountPropagation }: VolumeMount, container: AnyContainer, path: string): FieldError[] {
  if (mountPropagation === undefined) return [];
  if (!PROPAGATIONS.includes(mountPropagation)) return [notSupported(path, mountPropagation, PROPAGATIONS)];
  return mountPropagation === "Bidirectional" && !container.securityContext?.privileged
    ? [forbidden(path, "Bidirectional mount propagation is available only to privileged containers")]
    : [];
}

const RECURSIVE_READ_ONLY = ["Disabled", "Enabled", "IfPossible"];

function validateRecursiveReadOnly(mount: VolumeMount, path: string): FieldError[] {
  const { recursiveReadOnly, readOnly, mountPropagation } = mount;
  if (recursiveReadOnly === undefined || recursiveReadOnly === "Disabled") return [];
  if (!RECURSIVE_READ_ONLY.includes(recursiveReadOnly)) {
    return [notSupported(path, recursiveReadOnly, RECURSIVE_READ_ONLY)];
  }
  return [
    ...(readOnly ? [] : [forbidden(path, "may only be specified when readOnly is true")]),
    ...(mountPropagation !== undefined && mountPropagation !== "None"
      ? [forbidden(path, "may only be specified when mountPropagation is None or not specified")]
      : []),
  ];
}

/** Source: upstream ValidateVolumeDevices. */
export function validateDevices(container: AnyContainer, volumes: Volumes, path: string): FieldError[] {
  if (!container.volumeDevices?.length) return [];
  const mounts = container.volumeMounts ?? [];
  const mountNames = new Set(mounts.map(({ name }) => name));
  const mountPaths = new Set(mounts.map(({ mountPath }) => mountPath));
  const names = new Set<string>();
  const paths = new Set<string>();
  return container.volumeDevices.flatMap((device, i) => {
    const errors = validateDevice(device, volumes, names, paths, `${path}[${i}]`);
    if (mountNames.has(device.name)) {
      errors.push(invalid(`${path}[${i}].name`, device.name, "must not already exist in volumeMounts"));
    }
    if (mountPaths.has(device.devicePath)) {
      const detail = "must not already exist as a path in volumeMounts";
      errors.push(invalid(`${path}[${i}].devicePath`, device.devicePath, detail));
    }
    return errors;
  });
}

function validateDevice(
  { name, devicePath }: VolumeDevice,
  volumes: Volumes,
  names: Set<string>,
  paths: Set<string>,
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  const volume = volumes.get(name);
  if (!name) errors.push(required(`${path}.name`));
  if (names.has(name)) errors.push(invalid(`${path}.name`, name, "must be unique"));
  if (volume && !volume.persistentVolumeClaim && !volume.ephemeral) {
    const detail = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode";
    errors.push(invalid(`${path}.name`, name, detail));
  }
  if (!volume) errors.push(notFound(`${path}.name`, name));
  if (!devicePath) errors.push(required(`${path}.devicePath`));
  if (paths.has(devicePath)) errors.push(invalid(`${path}.devicePath`, devicePath, "must be unique"));
  if (devicePath && validateNoBacksteps(devicePath, path).length > 0) {
    errors.push(invalid(`${path}.devicePath`, devicePath, "can not contain backsteps ('..')"));
  } else {
    paths.add(devicePath);
  }
  if (name) names.add(name);
  return errors;
}
