import {
  storageClassNameOf,
  compareQuantities,
  dnsSubdomain,
  forbidden,
  formatTime,
  invalid,
  notSupported,
  quantityOf,
  required,
  sameJson,
  type Draft,
  type FieldError,
  type PersistentVolume,
  type PersistentVolumeSpec,
} from "#objects";
import { each, oneOf, optionalOneOf, unchanged } from "../common/checks.ts";
import { AGE, text, wide } from "../common/columns.ts";
import { define, served } from "../common/define.ts";
import { nodeSelectorErrors } from "../common/node-selector.ts";
import { quantity } from "../common/quantities.ts";
import { nodeLabelsInTerm } from "./pod/node-labels.ts";
import { storageClassWarnings } from "./volume-claim-warnings.ts";
import { accessModeErrors, shortAccessModes, VOLUME_MODES } from "../common/volumes.ts";
import { SOURCES, sourceErrors, type SourceName } from "./volume-sources.ts";

type Spec = NonNullable<PersistentVolume["spec"]>;

const RECLAIM = ["Delete", "Recycle", "Retain"];
const SEVERAL = "may not specify more than 1 volume type";

function applySourceDefaults(spec: NonNullable<Draft<PersistentVolume>["spec"]>): void {
  const { hostPath, iscsi, rbd, scaleIO, azureDisk } = spec;
  if (hostPath) hostPath.type ??= "";
  if (iscsi) iscsi.iscsiInterface ||= "default";
  if (rbd) {
    rbd.pool ||= "rbd";
    rbd.user ||= "admin";
    rbd.keyring ||= "/etc/ceph/keyring";
  }
  if (scaleIO) {
    scaleIO.storageMode ||= "ThinProvisioned";
    scaleIO.fsType ||= "xfs";
  }
  if (azureDisk) {
    azureDisk.cachingMode ??= "ReadWrite";
    azureDisk.kind ??= "Shared";
    azureDisk.fsType ??= "ext4";
    azureDisk.readOnly ??= false;
  }
}

const given = (spec: Spec): SourceName[] => SOURCES.filter((name) => spec[name] !== undefined);

/** One type of volume, and what it needs. */
function volumeErrors(spec: Spec): FieldError[] {
  const [first, ...others] = given(spec);
  if (!first) return [required("spec", "must specify a volume type")];
  const errors = sourceErrors(`spec.${first}`, spec, first);
  errors.push(...others.map((name) => forbidden(`spec.${name === "cephfs" ? "cephFS" : name}`, SEVERAL)));
  if (first === "local" && !spec.nodeAffinity) {
    errors.push(required("spec.nodeAffinity", "Local volume requires node affinity"));
  }
  const root = spec.hostPath && /^\/+(\.?\/*)*$/.test(spec.hostPath.path);
  if (root && spec.persistentVolumeReclaimPolicy === "Recycle") {
    const detail = "may not be 'recycle' for a hostPath mount of '/'";
    errors.push(forbidden("spec.persistentVolumeReclaimPolicy", detail));
  }
  return errors;
}

function capacityErrors(capacity: Readonly<Record<string, string>>): FieldError[] {
  const names = Object.keys(capacity);
  const errors = names.length === 0 ? [required("spec.capacity")] : [];
  if (names.length !== 1 || names[0] !== "storage") {
    errors.push(notSupported("spec.capacity", capacity, ["storage"]));
  }
  for (const [name, value] of Object.entries(capacity)) {
    const amount = quantity(value);
    if (amount && compareQuantities(amount, quantityOf(0)) > 0) continue;
    errors.push(invalid(`spec.capacity[${name}]`, value, "must be greater than zero"));
  }
  return errors;
}

function classErrors(spec: Spec): FieldError[] {
  const { storageClassName, volumeAttributesClassName } = spec;
  const errors = storageClassName
    ? each("spec.storageClassName", storageClassName, dnsSubdomain(storageClassName))
    : [];
  if (volumeAttributesClassName === undefined) return errors;
  const field = "spec.volumeAttributesClassName";
  if (volumeAttributesClassName === "") errors.push(required(field, "an empty string is disallowed"));
  else errors.push(...each(field, volumeAttributesClassName, dnsSubdomain(volumeAttributesClassName)));
  if (!spec.csi) errors.push(required("spec.csi", "has to be specified when using volumeAttributesClassName"));
  return errors;
}

function validate({ spec = {} }: PersistentVolume): FieldError[] {
  const modes = spec.accessModes ?? [];
  const affinity = spec.nodeAffinity;
  const policy = spec.persistentVolumeReclaimPolicy;
  return [
    ...(modes.length === 0 ? [required("spec.accessModes")] : []),
    ...accessModeErrors("spec.accessModes", modes),
    ...capacityErrors(spec.capacity ?? {}),
    ...(policy ? oneOf("spec.persistentVolumeReclaimPolicy", policy, RECLAIM) : []),
    ...(affinity && !affinity.required
      ? [required("spec.nodeAffinity.required", "must specify required node constraints")]
      : []),
    ...(affinity?.required ? nodeSelectorErrors("spec.nodeAffinity.required", affinity.required) : []),
    ...volumeErrors(spec),
    ...classErrors(spec),
    ...optionalOneOf("spec.volumeMode", spec.volumeMode, VOLUME_MODES),
  ];
}

const sourcesOf = (spec: Spec) => Object.fromEntries(given(spec).map((name) => [name, spec[name]]));

/** The secret for expanding may be added later. */
function comparableSources(spec: Spec, before: Spec): object {
  if (!spec.csi || !before.csi || before.csi.controllerExpandSecretRef) return sourcesOf(spec);
  const { controllerExpandSecretRef: _, ...csi } = spec.csi;
  return { ...sourcesOf(spec), csi };
}

function validateUpdate({ spec = {} }: PersistentVolume, { spec: before = {} }: PersistentVolume): FieldError[] {
  const errors: FieldError[] = [];
  if (!sameJson(comparableSources(spec, before), sourcesOf(before))) {
    const detail = "spec.persistentvolumesource is immutable after creation";
    errors.push(forbidden("spec.persistentvolumesource", detail));
  }
  errors.push(...unchanged("volumeMode", spec.volumeMode, before.volumeMode));
  if (before.nodeAffinity) {
    const detail = "field is immutable, except for updating from beta label to GA";
    errors.push(...unchanged("nodeAffinity", spec.nodeAffinity, before.nodeAffinity, detail));
  }
  if (before.volumeAttributesClassName !== undefined && spec.volumeAttributesClassName === undefined) {
    errors.push(forbidden("spec.volumeAttributesClassName", "update from non-nil value to nil is forbidden"));
  }
  return errors;
}

const className = (volume: PersistentVolume): string => storageClassNameOf(volume) ?? "";

/** Sources that are gone, in upstream's order. */
const OLD_SOURCES: readonly (readonly [source: keyof PersistentVolumeSpec, field: string, text: string])[] = [
  ["cephfs", "cephfs", "deprecated in v1.28, non-functional in v1.31+"],
  ["photonPersistentDisk", "photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"],
  ["scaleIO", "scaleIO", "deprecated in v1.16, non-functional in v1.22+"],
  ["storageos", "storageOS", "deprecated in v1.22, non-functional in v1.25+"],
  ["glusterfs", "glusterfs", "deprecated in v1.25, non-functional in v1.26+"],
  ["rbd", "rbd", "deprecated in v1.28, non-functional in v1.31+"],
];

/** Source: upstream GetWarningsForPersistentVolume. */
function warnings({ metadata, spec = {} }: PersistentVolume): string[] {
  const terms = spec.nodeAffinity?.required?.nodeSelectorTerms ?? [];
  return [
    ...storageClassWarnings(metadata),
    ...(spec.persistentVolumeReclaimPolicy === "Recycle"
      ? [
          "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.",
        ]
      : []),
    ...terms.flatMap((term, i) => nodeLabelsInTerm(term, `spec.nodeAffinity.required.nodeSelectorTerms[${i}]`)),
    ...OLD_SOURCES.flatMap(([source, field, text]) => (spec[source] === undefined ? [] : [`spec.${field}: ${text}`])),
  ];
}

export const persistentVolumes = define<PersistentVolume>({
  group: "",
  resource: "persistentvolumes",
  singular: "persistentvolume",
  kind: "PersistentVolume",
  shortNames: ["pv"],
  namespaced: false,
  storageVersion: "v1",
  versions: [served("core", "v1", "PersistentVolume")],
  returnsDeletedObject: true,
  hasStatus: true,
  applyDefaults(draft) {
    const spec = (draft.spec ??= {});
    spec.persistentVolumeReclaimPolicy ||= "Retain";
    spec.volumeMode ??= "Filesystem";
    (draft.status ??= {}).phase ||= "Pending";
    applySourceDefaults(spec);
  },
  prepareForCreate(draft, { now }) {
    draft.status = { phase: "Pending", lastPhaseTransitionTime: formatTime(now) };
  },
  prepareForStatusUpdate(draft, old, { now }) {
    const status = (draft.status ??= {});
    if (status.phase === old.status?.phase || status.lastPhaseTransitionTime !== old.status?.lastPhaseTransitionTime) {
      return;
    }
    status.lastPhaseTransitionTime = formatTime(now);
  },
  warnings,
  validate,
  validateUpdate,
  selectableFields: { name: ({ metadata }) => metadata.name ?? "" },
  columns: [
    text("Capacity", ({ spec }) => spec?.capacity?.["storage"] ?? "0"),
    text("Access Modes", ({ spec }) => shortAccessModes(spec?.accessModes)),
    text("Reclaim Policy", ({ spec }) => spec?.persistentVolumeReclaimPolicy ?? ""),
    text("Status", ({ metadata, status }) => (metadata.deletionTimestamp ? "Terminating" : (status?.phase ?? ""))),
    text("Claim", ({ spec }) => (spec?.claimRef ? `${spec.claimRef.namespace ?? ""}/${spec.claimRef.name ?? ""}` : "")),
    text("StorageClass", className),
    text("VolumeAttributesClass", ({ spec }) => spec?.volumeAttributesClassName ?? "<unset>"),
    text("Reason", ({ status }) => status?.reason ?? ""),
    AGE,
    wide("VolumeMode", ({ spec }) => spec?.volumeMode ?? "<unset>"),
  ],
});
