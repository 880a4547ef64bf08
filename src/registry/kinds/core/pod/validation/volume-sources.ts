import {
  byteLength,
  dnsLabel,
  dnsSubdomain,
  forbidden,
  invalid,
  mustBeBetween,
  quantitySign,
  required,
  tooLong,
  type FieldError,
  type Volume,
} from "#objects";
import { each, optionalOneOf, present, requiredOneOf } from "../../../common/checks.ts";
import { quantity } from "../../../common/quantities.ts";
import { validateClaimTemplate } from "./claim-template.ts";
import { validateDescending, validateFileMode, validateItems, validateNoBacksteps } from "./paths.ts";
import { validateDownwardFile, validateProjected } from "./projected.ts";
import {
  validateAzureDisk,
  validateFc,
  validateFlocker,
  validateIscsi,
  validateQuobyte,
} from "./old-volume-sources.ts";

interface VolumeSourceRules {
  readonly field: Exclude<keyof Volume, "name">;
  /** Upstream's path when there is another source already, where it differs from the field. */
  readonly forbiddenAs?: string;
  readonly validate: (volume: Volume, path: string) => FieldError[];
}

type SourceOf<Field extends keyof Volume> = NonNullable<Volume[Field]>;

function source<Field extends Exclude<keyof Volume, "name">>(
  field: Field,
  validate: (source: SourceOf<Field>, path: string, volume: Volume) => FieldError[],
  more: { readonly forbiddenAs?: string; readonly checkedAs?: string } = {},
): VolumeSourceRules {
  const { checkedAs = field, ...rest } = more;
  return {
    field,
    ...rest,
    validate: (volume, path) => validate(volume[field] as SourceOf<Field>, `${path}.${checkedAs}`, volume),
  };
}

/** Required fields that may hold anything. */
const needs =
  (...fields: readonly string[]) =>
  (value: object, path: string): FieldError[] =>
    fields
      .filter((field) => {
        const set = (value as Readonly<Record<string, unknown>>)[field];
        return Array.isArray(set) ? set.length === 0 : !set;
      })
      .map((field) => required(`${path}.${field}`));

const HOST_PATH_TYPES = [
  "",
  "BlockDevice",
  "CharDevice",
  "Directory",
  "DirectoryOrCreate",
  "File",
  "FileOrCreate",
  "Socket",
];

/** What each source must hold, in the order in which upstream looks at them. */
export const VOLUME_SOURCES: readonly VolumeSourceRules[] = [
  source("emptyDir", ({ sizeLimit }, path) => {
    const limit = quantity(sizeLimit);
    return limit && quantitySign(limit) < 0
      ? [forbidden(`${path}.sizeLimit`, "SizeLimit field must be a valid resource quantity")]
      : [];
  }),
  source("hostPath", (host, path) =>
    host.path
      ? [
          ...validateNoBacksteps(host.path, `${path}.path`),
          ...optionalOneOf(`${path}.type`, host.type, HOST_PATH_TYPES),
        ]
      : [required(`${path}.path`)],
  ),
  source("gitRepo", ({ repository, directory }, path) => [
    ...present(`${path}.repository`, repository),
    ...validateDescending(directory ?? "", `${path}.directory`),
  ]),
  source(
    "gcePersistentDisk",
    ({ pdName, partition }, path) => [
      ...present(`${path}.pdName`, pdName),
      ...validatePartition(partition, `${path}.partition`),
    ],
    { checkedAs: "persistentDisk" },
  ),
  source("awsElasticBlockStore", ({ volumeID, partition }, path) => [
    ...present(`${path}.volumeID`, volumeID),
    ...validatePartition(partition, `${path}.partition`),
  ]),
  source("secret", ({ secretName, defaultMode, items }, path) => [
    ...present(`${path}.secretName`, secretName),
    ...validateFileMode(defaultMode, `${path}.defaultMode`),
    ...validateItems(items, `${path}.items`),
  ]),
  source("nfs", ({ server, path: exported }, path) => [
    ...present(`${path}.server`, server),
    ...present(`${path}.path`, exported),
    ...(exported?.startsWith("/") ? [] : [invalid(`${path}.path`, exported ?? "", "must be an absolute path")]),
  ]),
  source("iscsi", validateIscsi),
  source("glusterfs", needs("endpoints", "path")),
  source("flocker", validateFlocker),
  source("persistentVolumeClaim", needs("claimName")),
  source("rbd", needs("monitors", "image")),
  source("cinder", ({ volumeID, secretRef }, path) => [
    ...present(`${path}.volumeID`, volumeID),
    ...(secretRef ? present(`${path}.secretRef.name`, secretRef.name) : []),
  ]),
  source("cephfs", needs("monitors"), { forbiddenAs: "cephFS" }),
  source("quobyte", validateQuobyte),
  source(
    "downwardAPI",
    ({ defaultMode, items }, path) => [
      ...validateFileMode(defaultMode, `${path}.defaultMode`),
      ...(items ?? []).flatMap((file) => validateDownwardFile(file, path)),
    ],
    { forbiddenAs: "downwarAPI" },
  ),
  source("fc", validateFc),
  source("flexVolume", ({ driver, options }, path) => [
    ...present(`${path}.driver`, driver),
    ...Object.keys(options ?? {})
      .filter((key) => /(?:^|\.)(?:kubernetes|k8s)\.io$/i.test(key.split("/")[0] ?? ""))
      .map((key) => invalid(`${path}.options[${key}]`, key, "kubernetes.io and k8s.io namespaces are reserved")),
  ]),
  source("configMap", ({ name, defaultMode, items }, path) => [
    ...present(`${path}.name`, name),
    ...validateFileMode(defaultMode, `${path}.defaultMode`),
    ...validateItems(items, `${path}.items`),
  ]),
  source("azureFile", needs("secretName", "shareName")),
  source("vsphereVolume", needs("volumePath")),
  source("photonPersistentDisk", needs("pdID")),
  source("portworxVolume", needs("volumeID")),
  source("azureDisk", validateAzureDisk),
  source("storageos", ({ volumeName, volumeNamespace, secretRef }, path) => [
    ...present(`${path}.volumeName`, volumeName, dnsLabel),
    ...(volumeNamespace ? each(`${path}.volumeNamespace`, volumeNamespace, dnsLabel(volumeNamespace)) : []),
    ...(secretRef ? present(`${path}.secretRef.name`, secretRef.name) : []),
  ]),
  source("projected", validateProjected),
  source("scaleIO", needs("gateway", "system", "volumeName")),
  source("csi", ({ driver, nodePublishSecretRef }, path) => [
    ...validateDriverName(driver, `${path}.driver`),
    ...(nodePublishSecretRef
      ? present(`${path}.nodePublishSecretRef.name`, nodePublishSecretRef.name, dnsSubdomain)
      : []),
  ]),
  source("ephemeral", ({ volumeClaimTemplate }, path) =>
    volumeClaimTemplate
      ? validateClaimTemplate(volumeClaimTemplate, `${path}.volumeClaimTemplate`)
      : [required(`${path}.volumeClaimTemplate`)],
  ),
  source("image", ({ reference, pullPolicy }, path) => [
    ...(reference ? [] : [required(`${path}.reference`)]),
    ...requiredOneOf(`${path}.pullPolicy`, pullPolicy, ["Always", "IfNotPresent", "Never"]),
  ]),
];

function validatePartition(partition: number | undefined, path: string): FieldError[] {
  return partition !== undefined && (partition < 0 || partition > 255)
    ? [invalid(path, partition, mustBeBetween(1, 255))]
    : [];
}

/** Source: upstream ValidateCSIDriverName. */
function validateDriverName(driver: string, path: string): FieldError[] {
  return [
    ...(driver ? [] : [required(path)]),
    ...(byteLength(driver ?? "") > 63 ? [tooLong(path, "", 63)] : []),
    ...each(path, driver, dnsSubdomain((driver ?? "").toLowerCase())),
  ];
}
