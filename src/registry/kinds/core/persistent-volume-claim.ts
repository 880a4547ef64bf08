import {
  CLASS_ANNOTATION,
  storageClassNameOf,
  compareQuantities,
  dnsLabel,
  dnsSubdomain,
  forbidden,
  invalid,
  quantityOf,
  required,
  sameJson,
  validateLabelSelector,
  type Draft,
  type FieldError,
  type PersistentVolumeClaim,
} from "#objects";
import { each, optionalOneOf, unchanged } from "../common/checks.ts";
import { AGE, text, wide } from "../common/columns.ts";
import { define, served } from "../common/define.ts";
import { quantity, quantityErrors } from "../common/quantities.ts";
import { claimSpecWarnings, storageClassWarnings } from "./volume-claim-warnings.ts";
import { accessModeErrors, shortAccessModes, VOLUME_MODES } from "../common/volumes.ts";

type Spec = NonNullable<PersistentVolumeClaim["spec"]>;

const ATTRIBUTES_CLASS = "spec.volumeAttributesClassName";
const REQUEST = "spec.resources.requests.storage";

/** A source given in one of the two fields stands in both, unless it is in another namespace. */
function normalizeDataSources(spec: NonNullable<Draft<PersistentVolumeClaim>["spec"]>): void {
  const { dataSource, dataSourceRef } = spec;
  if (dataSource && !dataSourceRef) spec.dataSourceRef = { ...dataSource };
  else if (dataSourceRef && !dataSource && !dataSourceRef.namespace) {
    const { apiGroup, kind, name } = dataSourceRef;
    spec.dataSource = apiGroup === undefined ? { kind, name } : { apiGroup, kind, name };
  }
}

function sourceErrors(field: string, source: NonNullable<Spec["dataSourceRef"]>): FieldError[] {
  const errors: FieldError[] = [];
  if (!source.name) errors.push(required(`${field}.name`));
  if (!source.kind) errors.push(required(`${field}.kind`));
  if (!source.apiGroup && source.kind !== "PersistentVolumeClaim") {
    const detail = "must be 'PersistentVolumeClaim' when referencing the default apiGroup";
    errors.push(invalid(field, source.kind, detail));
  }
  if (source.apiGroup) errors.push(...each(`${field}.apiGroup`, source.apiGroup, dnsSubdomain(source.apiGroup)));
  if (source.namespace) errors.push(...each(`${field}.namespace`, source.namespace, dnsLabel(source.namespace)));
  return errors;
}

function dataSourceErrors({ dataSource, dataSourceRef }: Spec): FieldError[] {
  const errors = [
    ...(dataSource ? sourceErrors("spec.dataSource", dataSource) : []),
    ...(dataSourceRef ? sourceErrors("spec.dataSourceRef", dataSourceRef) : []),
  ];
  if (!dataSource || !dataSourceRef) return errors;
  if (dataSourceRef.namespace) {
    errors.push(invalid("spec", "spec.dataSource", "may not be specified when dataSourceRef.namespace is specified"));
  } else if (!sameJson(dataSource, { ...dataSourceRef, namespace: undefined })) {
    errors.push(invalid("spec", "spec.dataSource", "must match dataSourceRef"));
  }
  return errors;
}

function requestErrors({ resources }: Spec): FieldError[] {
  const field = "spec.resources[storage]";
  const request = resources?.requests?.["storage"];
  if (request === undefined) return [required(field)];
  const amount = quantity(request);
  if (amount && compareQuantities(amount, quantityOf(0)) <= 0) {
    return [invalid(field, request, "must be greater than zero")];
  }
  return quantityErrors(field, "storage", request);
}

/** What a claim, or a template of one, must say (ValidatePersistentVolumeClaimSpec). */
function validate({ spec = {} }: PersistentVolumeClaim): FieldError[] {
  const modes = spec.accessModes ?? [];
  const { storageClassName, volumeAttributesClassName } = spec;
  return [
    ...(modes.length === 0 ? [required("spec.accessModes", "at least 1 access mode is required")] : []),
    ...validateLabelSelector(spec.selector, "spec.selector"),
    ...accessModeErrors("spec.accessModes", modes),
    ...requestErrors(spec),
    ...(storageClassName ? each("spec.storageClassName", storageClassName, dnsSubdomain(storageClassName)) : []),
    ...optionalOneOf("spec.volumeMode", spec.volumeMode, VOLUME_MODES),
    ...dataSourceErrors(spec),
    ...(volumeAttributesClassName
      ? each(ATTRIBUTES_CLASS, volumeAttributesClassName, dnsSubdomain(volumeAttributesClassName))
      : []),
  ];
}

const withRequest = (spec: Spec, storage: string | undefined): Spec => ({
  ...spec,
  resources: { ...spec.resources, requests: { ...spec.resources?.requests, ...(storage ? { storage } : {}) } },
});

/** The new spec with everything that may change set back to what it was. */
function comparable(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): Spec {
  const before = old.spec ?? {};
  let spec: Spec = claim.spec ?? {};
  if (!before.volumeName) spec = { ...spec, volumeName: before.volumeName ?? "" };
  const annotated = old.metadata.annotations?.[CLASS_ANNOTATION];
  const classGiven = spec.storageClassName !== undefined && before.storageClassName === undefined;
  if (classGiven && (annotated === undefined || annotated === spec.storageClassName)) {
    const { storageClassName: _, ...rest } = spec;
    spec = rest;
  }
  if (claim.status?.phase !== "Bound") return spec;
  if (spec.resources?.requests) spec = withRequest(spec, before.resources?.requests?.["storage"]);
  if (spec.volumeAttributesClassName === undefined) return spec;
  const { volumeAttributesClassName: _, ...rest } = spec;
  const kept = before.volumeAttributesClassName;
  return kept === undefined ? rest : { ...rest, volumeAttributesClassName: kept };
}

function shrinkErrors(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): FieldError[] {
  const size = quantity(claim.spec?.resources?.requests?.["storage"]);
  const before = quantity(old.spec?.resources?.requests?.["storage"]);
  if (!size || !before || compareQuantities(size, before) >= 0) return [];
  const actual = quantity(old.status?.capacity?.["storage"]) ?? quantityOf(0);
  return compareQuantities(size, actual) <= 0 ? [forbidden(REQUEST, "field can not be less than status.capacity")] : [];
}

function validateUpdate(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): FieldError[] {
  const [spec, before] = [claim.spec ?? {}, old.spec ?? {}];
  const errors: FieldError[] = [];
  if (!sameJson(comparable(claim, old), { ...before, volumeName: before.volumeName ?? "" })) {
    const detail =
      "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims";
    errors.push(forbidden("spec", detail));
  }
  errors.push(...shrinkErrors(claim, old), ...unchanged("volumeMode", spec.volumeMode, before.volumeMode));
  if (before.volumeAttributesClassName !== undefined && !spec.volumeAttributesClassName) {
    const to = spec.volumeAttributesClassName === undefined ? "nil" : "an empty string";
    if (spec.volumeAttributesClassName !== before.volumeAttributesClassName) {
      errors.push(forbidden(ATTRIBUTES_CLASS, `update from non-nil value to ${to} is forbidden`));
    }
  }
  return errors;
}

function validateStatusUpdate({ status = {} }: PersistentVolumeClaim): FieldError[] {
  return Object.entries(status.capacity ?? {}).flatMap(([name, value]) => {
    const amount = quantity(value);
    return amount && compareQuantities(amount, quantityOf(0)) >= 0
      ? []
      : [invalid(`status.capacity[${name}]`, value, "must be a valid resource quantity")];
  });
}

export const persistentVolumeClaims = define<PersistentVolumeClaim>({
  group: "",
  resource: "persistentvolumeclaims",
  singular: "persistentvolumeclaim",
  kind: "PersistentVolumeClaim",
  shortNames: ["pvc"],
  namespaced: true,
  storageVersion: "v1",
  versions: [served("core", "v1", "PersistentVolumeClaim")],
  returnsDeletedObject: true,
  hasStatus: true,
  applyDefaults(draft) {
    (draft.spec ??= {}).volumeMode ??= "Filesystem";
    (draft.status ??= {}).phase ||= "Pending";
  },
  prepareForCreate(draft) {
    draft.status = { phase: "Pending" };
    normalizeDataSources((draft.spec ??= {}));
  },
  prepareForUpdate(draft) {
    normalizeDataSources((draft.spec ??= {}));
  },
  warnings: ({ metadata, spec }) => [...storageClassWarnings(metadata), ...claimSpecWarnings(spec, "spec")],
  validate,
  validateUpdate,
  validateStatusUpdate,
  selectableFields: { name: ({ metadata }) => metadata.name ?? "" },
  columns: [
    text("Status", ({ metadata, status }) => (metadata.deletionTimestamp ? "Terminating" : (status?.phase ?? ""))),
    text("Volume", ({ spec }) => spec?.volumeName ?? ""),
    text("Capacity", ({ spec, status }) => (spec?.volumeName ? (status?.capacity?.["storage"] ?? "0") : "")),
    text("Access Modes", ({ spec, status }) => (spec?.volumeName ? shortAccessModes(status?.accessModes) : "")),
    text("StorageClass", (claim) => storageClassNameOf(claim) ?? ""),
    text("VolumeAttributesClass", ({ spec }) => spec?.volumeAttributesClassName ?? "<unset>"),
    AGE,
    wide("VolumeMode", ({ spec }) => spec?.volumeMode ?? "<unset>"),
  ],
});
