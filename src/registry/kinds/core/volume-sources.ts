import {
  dnsLabel,
  dnsSubdomain,
  invalid,
  notSupported,
  required,
  tooLong,
  type FieldError,
  type PersistentVolume,
} from "#objects";
import { each } from "../common/checks.ts";

type Spec = NonNullable<PersistentVolume["spec"]>;

/** The fields of a PersistentVolume's spec that say what it is, in upstream's order. */
export const SOURCES = [
  "hostPath",
  "gcePersistentDisk",
  "awsElasticBlockStore",
  "glusterfs",
  "flocker",
  "nfs",
  "rbd",
  "quobyte",
  "cephfs",
  "iscsi",
  "cinder",
  "fc",
  "flexVolume",
  "azureFile",
  "vsphereVolume",
  "photonPersistentDisk",
  "portworxVolume",
  "azureDisk",
  "scaleIO",
  "local",
  "storageos",
  "csi",
] as const;
export type SourceName = (typeof SOURCES)[number];

/** What each type cannot do without; types that are not listed need nothing. */
const NEEDED: Readonly<Partial<Record<SourceName, readonly string[]>>> = {
  gcePersistentDisk: ["pdName"],
  awsElasticBlockStore: ["volumeID"],
  glusterfs: ["endpoints", "path"],
  nfs: ["server", "path"],
  rbd: ["monitors", "image"],
  quobyte: ["registry", "volume"],
  cephfs: ["monitors"],
  iscsi: ["targetPortal", "iqn"],
  cinder: ["volumeID"],
  flexVolume: ["driver"],
  azureFile: ["secretName", "shareName"],
  vsphereVolume: ["volumePath"],
  photonPersistentDisk: ["pdID"],
  portworxVolume: ["volumeID"],
  azureDisk: ["diskName", "diskURI"],
  scaleIO: ["gateway", "system", "volumeName"],
  local: ["path"],
  hostPath: ["path"],
  csi: ["driver", "volumeHandle"],
};

const HOST_PATH_TYPES = [
  "",
  "DirectoryOrCreate",
  "Directory",
  "FileOrCreate",
  "File",
  "Socket",
  "CharDevice",
  "BlockDevice",
];

const backsteps = (field: string, path: string): FieldError[] =>
  path.split("/").includes("..") ? [invalid(field, path, "must not contain '..'")] : [];

const isEmpty = (value: unknown): boolean =>
  value === undefined || value === "" || (Array.isArray(value) && value.length === 0);

/** A CSI driver's name (ValidateCSIDriverName). */
export function csiDriverNameErrors(field: string, name: string): FieldError[] {
  if (name === "") return [required(field)];
  const errors: FieldError[] = name.length > 63 ? [tooLong(field, name, 63)] : [];
  return [...errors, ...each(field, name, dnsSubdomain(name.toLowerCase()))];
}

const CSI_SECRETS = [
  "controllerPublishSecretRef",
  "controllerExpandSecretRef",
  "nodePublishSecretRef",
  "nodeExpandSecretRef",
] as const;

function csiErrors(field: string, csi: NonNullable<Spec["csi"]>): FieldError[] {
  const errors = csi.driver ? csiDriverNameErrors(`${field}.driver`, csi.driver) : [];
  for (const name of CSI_SECRETS) {
    const secret = csi[name];
    if (!secret) continue;
    const path = `${field}.${name}`;
    errors.push(
      ...(secret.name ? each(`${path}.name`, secret.name, dnsSubdomain(secret.name)) : [required(`${path}.name`)]),
    );
    const { namespace } = secret;
    errors.push(
      ...(namespace ? each(`${path}.namespace`, namespace, dnsLabel(namespace)) : [required(`${path}.namespace`)]),
    );
  }
  return errors;
}

/** What is wrong with a volume's own part of the spec. */
export function sourceErrors(field: string, spec: Spec, name: SourceName): FieldError[] {
  const source = spec[name] as Readonly<Record<string, unknown>> | undefined;
  const errors = (NEEDED[name] ?? [])
    .filter((needed) => isEmpty(source?.[needed]))
    .map((needed) => required(`${field}.${needed}`));
  if (spec.hostPath && name === "hostPath") {
    errors.push(...backsteps(`${field}.path`, spec.hostPath.path));
    const type = spec.hostPath.type ?? "";
    if (!HOST_PATH_TYPES.includes(type)) errors.push(notSupported(`${field}.type`, type, HOST_PATH_TYPES));
  }
  if (spec.local && name === "local") errors.push(...backsteps(`${field}.path`, spec.local.path));
  if (spec.nfs && name === "nfs" && spec.nfs.path && !spec.nfs.path.startsWith("/")) {
    errors.push(invalid(`${field}.path`, spec.nfs.path, "must be an absolute path"));
  }
  if (spec.csi && name === "csi") errors.push(...csiErrors(field, spec.csi));
  return errors;
}
