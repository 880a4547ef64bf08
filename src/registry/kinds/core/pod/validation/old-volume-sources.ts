import {
  invalid,
  mustBeBetween,
  notSupported,
  required,
  type AzureDiskVolumeSource,
  type FCVolumeSource,
  type FieldError,
  type FlockerVolumeSource,
  type ISCSIVolumeSource,
  type QuobyteVolumeSource,
  type Volume,
} from "#objects";
import { optionalOneOf, present } from "../../../common/checks.ts";

const MAX_LUN = 255;

const IQN_FORMATS: Readonly<Record<string, RegExp>> = {
  iqn: /iqn\.\d{4}-\d{2}\.([a-zA-Z0-9.-]+)(:[^,;*&$|\s]+)$/,
  eui: /^eui.[a-zA-Z0-9]{16}$/,
  naa: /^naa.[a-zA-Z0-9]{32}$/,
};

/** Source: upstream validateISCSIVolumeSource. */
export function validateIscsi(iscsi: ISCSIVolumeSource, path: string, { name }: Volume): FieldError[] {
  const errors = [
    ...present(`${path}.targetPortal`, iscsi.targetPortal),
    ...(iscsi.iqn ? validateQualifiedInitiator(iscsi.iqn, `${path}.iqn`) : [required(`${path}.iqn`)]),
    ...validateLun(iscsi.lun, `${path}.lun`),
  ];
  if ((iscsi.chapAuthDiscovery || iscsi.chapAuthSession) && !iscsi.secretRef) {
    errors.push(required(`${path}.secretRef`));
  }
  if (iscsi.initiatorName === undefined) return errors;
  errors.push(...validateQualifiedInitiator(iscsi.initiatorName, `${path}.initiatorname`));
  if (`${name}:${iscsi.targetPortal}`.length > 64) {
    const detail =
      "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.";
    errors.push(invalid(path.replace(/\.iscsi$/, ".name"), name, detail));
  }
  return errors;
}

function validateQualifiedInitiator(value: string, path: string): FieldError[] {
  const format = IQN_FORMATS[value.slice(0, 3)];
  if (!format) return [invalid(path, value, "must be valid format starting with iqn, eui, or naa")];
  return format.test(value) ? [] : [invalid(path, value, "must be valid format")];
}

function validateLun(lun: number | undefined, path: string): FieldError[] {
  return lun !== undefined && (lun < 0 || lun > MAX_LUN) ? [invalid(path, lun, mustBeBetween(0, MAX_LUN))] : [];
}

/** Source: upstream validateFCVolumeSource. */
export function validateFc({ targetWWNs = [], wwids = [], lun }: FCVolumeSource, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (targetWWNs.length === 0 && wwids.length === 0) {
    errors.push(required(`${path}.targetWWNs`, "must specify either targetWWNs or wwids, but not both"));
  }
  if (targetWWNs.length > 0 && wwids.length > 0) {
    errors.push(invalid(`${path}.targetWWNs`, targetWWNs, "targetWWNs and wwids can not be specified simultaneously"));
  }
  if (targetWWNs.length === 0) return errors;
  if (lun === undefined) return [...errors, required(`${path}.lun`, "lun is required if targetWWNs is specified")];
  return [...errors, ...validateLun(lun, `${path}.lun`)];
}

/** Source: upstream validateFlockerVolumeSource. */
export function validateFlocker({ datasetName, datasetUUID }: FlockerVolumeSource, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!datasetName && !datasetUUID) {
    errors.push(required(path, "one of datasetName and datasetUUID is required"));
  }
  if (datasetName && datasetUUID) {
    errors.push(invalid(path, "resource", "datasetName and datasetUUID can not be specified simultaneously"));
  }
  if (datasetName?.includes("/")) errors.push(invalid(`${path}.datasetName`, datasetName, "must not contain '/'"));
  return errors;
}

/** Source: upstream validateQuobyteVolumeSource. */
export function validateQuobyte({ registry, tenant = "", volume }: QuobyteVolumeSource, path: string): FieldError[] {
  const pairs = "must be a host:port pair or multiple pairs separated by commas";
  const errors: FieldError[] = [];
  if (!registry) errors.push(required(`${path}.registry`, pairs));
  else if (tenant.length >= 65) {
    errors.push(required(`${path}.tenant`, "must be a UUID and may not exceed a length of 64 characters"));
  } else {
    for (const pair of registry.split(",")) {
      if (!/^(?:[^:[\]]*|\[[^[\]]*\]):[^:[\]]*$/.test(pair)) errors.push(invalid(`${path}.registry`, registry, pairs));
    }
  }
  return [...errors, ...present(`${path}.volume`, volume)];
}

/** Source: upstream validateAzureDisk. */
export function validateAzureDisk(
  { diskName, diskURI: uri, cachingMode, kind }: AzureDiskVolumeSource,
  path: string,
): FieldError[] {
  const diskURI = uri ?? "";
  const errors = [
    ...present(`${path}.diskName`, diskName),
    ...present(`${path}.diskURI`, diskURI),
    ...optionalOneOf(`${path}.cachingMode`, cachingMode, ["None", "ReadOnly", "ReadWrite"]),
    ...optionalOneOf(`${path}.kind`, kind, ["Dedicated", "Managed", "Shared"]),
  ];
  if (kind === "Managed" && !diskURI.startsWith("/subscriptions/")) {
    const managed = "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}";
    errors.push(notSupported(`${path}.diskURI`, diskURI, [managed]));
  }
  if (kind !== undefined && kind !== "Managed" && !diskURI.startsWith("https://")) {
    const blob = "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd";
    errors.push(notSupported(`${path}.diskURI`, diskURI, [blob]));
  }
  return errors;
}
