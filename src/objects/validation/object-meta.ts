/** What holds for the metadata of every kind (apimachinery api/validation/objectmeta.go). */
import { forbidden, invalid, required, tooLong, type FieldError } from "../field-error.ts";
import type { ManagedFieldsEntry, ObjectMeta, OwnerReference } from "../generated/types.ts";
import { validateAnnotations, validateLabels } from "./labels.ts";
import { dnsLabel, dnsSubdomain, qualifiedName } from "./names.ts";
import { MUST_NOT_BE_NEGATIVE } from "./numbers.ts";
import { validateFieldManager } from "./request.ts";
import { byteLength } from "./text.ts";

export const FIELD_IS_IMMUTABLE = "field is immutable";

const ORPHAN_DEPENDENTS = "orphan";
const DELETE_DEPENDENTS = "foregroundDeletion";
const MAX_SUBRESOURCE_BYTES = 256;

export interface ObjectMetaRules {
  readonly namespaced: boolean;
  /** What is wrong with a name, or with a generateName (`isPrefix`); default dnsSubdomain. */
  readonly nameErrors?: (name: string, isPrefix: boolean) => readonly string[];
  /** Default `metadata`. */
  readonly path?: string;
}

/** The metadata of a new object, its name already generated and its namespace filled in. */
export function validateObjectMeta(meta: ObjectMeta, rules: ObjectMetaRules): FieldError[] {
  const { namespaced, nameErrors = dnsSubdomain, path = "metadata" } = rules;
  const errors: FieldError[] = [];
  if (meta.generateName) {
    for (const message of nameErrors(meta.generateName, true)) {
      errors.push(invalid(`${path}.generateName`, meta.generateName, message));
    }
  }
  if (!meta.name) errors.push(required(`${path}.name`, "name or generateName is required"));
  else for (const message of nameErrors(meta.name, false)) errors.push(invalid(`${path}.name`, meta.name, message));
  if (namespaced) {
    if (!meta.namespace) errors.push(required(`${path}.namespace`));
    else {
      for (const message of dnsLabel(meta.namespace))
        errors.push(invalid(`${path}.namespace`, meta.namespace, message));
    }
  } else if (meta.namespace) errors.push(forbidden(`${path}.namespace`, "not allowed on this type"));
  if ((meta.generation ?? 0) < 0) errors.push(invalid(`${path}.generation`, meta.generation, MUST_NOT_BE_NEGATIVE));
  validateMaps(meta, path, errors);
  if (meta.finalizers) errors.push(...validateFinalizers(meta.finalizers, `${path}.finalizers`));
  return errors;
}

/** What an update may not do to the metadata. Both objects carry their resourceVersion. */
export function validateObjectMetaUpdate(meta: ObjectMeta, old: ObjectMeta, path: string = "metadata"): FieldError[] {
  const errors: FieldError[] = [];
  if (old.deletionTimestamp !== undefined) {
    const before = new Set(old.finalizers);
    const added = (meta.finalizers ?? []).filter((finalizer) => !before.has(finalizer));
    if (added.length > 0) {
      // Go's %#v of a list of strings.
      const list = `[]string{${[...new Set(added)]
        .toSorted()
        .map((name) => JSON.stringify(name))
        .join(", ")}}`;
      errors.push(
        forbidden(
          `${path}.finalizers`,
          `no new finalizers can be added if the object is being deleted, found new finalizers ${list}`,
        ),
      );
    }
  }
  if (!meta.resourceVersion) {
    errors.push(invalid(`${path}.resourceVersion`, meta.resourceVersion ?? "", "must be specified for an update"));
  }
  if ((meta.generation ?? 0) < (old.generation ?? 0)) {
    errors.push(invalid(`${path}.generation`, meta.generation ?? 0, "must not be decremented"));
  }
  for (const field of IMMUTABLE_STRINGS) {
    if ((meta[field] ?? "") !== (old[field] ?? "")) {
      errors.push(invalid(`${path}.${field}`, meta[field] ?? "", FIELD_IS_IMMUTABLE));
    }
  }
  for (const field of IMMUTABLE_OPTIONALS) {
    if ((meta[field] ?? undefined) !== (old[field] ?? undefined)) {
      errors.push(invalid(`${path}.${field}`, meta[field], FIELD_IS_IMMUTABLE));
    }
  }
  validateMaps(meta, path, errors);
  return errors;
}

const IMMUTABLE_STRINGS = ["name", "namespace", "uid"] as const;
const IMMUTABLE_OPTIONALS = ["creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"] as const;

/** What is checked alike on create and update. Finalizers are not among it. */
function validateMaps(meta: ObjectMeta, path: string, errors: FieldError[]): void {
  if (meta.labels) errors.push(...validateLabels(meta.labels, `${path}.labels`));
  if (meta.annotations) errors.push(...validateAnnotations(meta.annotations, `${path}.annotations`));
  if (meta.ownerReferences) errors.push(...validateOwnerReferences(meta.ownerReferences, `${path}.ownerReferences`));
  if (meta.managedFields) errors.push(...validateManagedFields(meta.managedFields, `${path}.managedFields`));
}

/** Owner references are complete, none names an Event, and at most one is the controller. */
export function validateOwnerReferences(references: readonly OwnerReference[], path: string): FieldError[] {
  const errors: FieldError[] = [];
  let controller = "";
  // Not yet validated: any part may be missing.
  for (const reference of references as readonly Partial<OwnerReference>[]) {
    const { apiVersion = "", kind = "", name = "", uid = "" } = reference;
    const [, version = ""] = /^(?:[^/]*\/)?([^/]+)$/.exec(apiVersion) ?? [];
    if (version === "") errors.push(invalid(`${path}.apiVersion`, apiVersion, "version must not be empty"));
    if (kind === "") errors.push(invalid(`${path}.kind`, kind, "must not be empty"));
    if (name === "") errors.push(invalid(`${path}.name`, name, "must not be empty"));
    if (uid === "") errors.push(invalid(`${path}.uid`, uid, "must not be empty"));
    if (apiVersion === "v1" && kind === "Event") {
      errors.push(invalid(path, reference, "/v1, Kind=Event is disallowed from being an owner"));
    }
    if (!reference.controller) continue;
    if (controller) {
      errors.push(
        invalid(
          path,
          references,
          `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${kind}/${name}`,
        ),
      );
    } else controller = `${kind}/${name}`;
  }
  return errors;
}

export function validateFinalizers(finalizers: readonly string[], path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const finalizer of finalizers) {
    for (const message of qualifiedName(finalizer)) errors.push(invalid(path, finalizer, message));
  }
  if (finalizers.includes(ORPHAN_DEPENDENTS) && finalizers.includes(DELETE_DEPENDENTS)) {
    errors.push(
      invalid(path, finalizers, `finalizer ${ORPHAN_DEPENDENTS} and ${DELETE_DEPENDENTS} cannot be both set`),
    );
  }
  return errors;
}

export function validateManagedFields(entries: readonly ManagedFieldsEntry[], path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const [i, entry] of entries.entries()) {
    if (entry.operation !== "Apply" && entry.operation !== "Update") {
      errors.push(invalid(`${path}[${i}].operation`, entry.operation ?? "", "must be `Apply` or `Update`"));
    }
    if (entry.fieldsType && entry.fieldsType !== "FieldsV1") {
      errors.push(invalid(`${path}[${i}].fieldsType`, entry.fieldsType, "must be `FieldsV1`"));
    }
    if (entry.manager) errors.push(...validateFieldManager(entry.manager, `${path}[${i}].manager`));
    if (entry.subresource && byteLength(entry.subresource) > MAX_SUBRESOURCE_BYTES) {
      errors.push(tooLong(`${path}[${i}].subresource`, "", MAX_SUBRESOURCE_BYTES));
    }
  }
  return errors;
}

/** `field is immutable` when the values differ. `equal` decides; default: the same JSON values. */
export function validateImmutable(
  value: unknown,
  old: unknown,
  path: string,
  equal: (a: unknown, b: unknown) => boolean = sameJson,
): FieldError[] {
  return equal(value, old) ? [] : [invalid(path, value, FIELD_IS_IMMUTABLE)];
}

/**
 * Whether two JSON values are the same, as upstream's semantic equality has it: absent, null, empty lists and
 * empty maps in a field are one, and the order of a map's keys does not matter.
 */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (isEmpty(a) && isEmpty(b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => sameJson(item, b[i]));
  }
  if (Array.isArray(b)) return false;
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  for (const key in left) if (!sameJson(left[key], right[key])) return false;
  for (const key in right) if (!(key in left) && !isEmpty(right[key])) return false;
  return true;
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (Array.isArray(value)) return value.length === 0;
  if (typeof value === "object") {
    for (const key in value) if (Object.hasOwn(value, key)) return false;
    return true;
  }
  return false;
}
