/** What clients say about a request beside the object (apimachinery meta/v1/validation). */
import type { Int64 } from "../int64.ts";
import { invalid, notSupported, tooLong, type FieldError } from "../field-error.ts";
import type { DeleteOptions, Preconditions } from "../generated/types.ts";
import { invalidObject } from "../status-error.ts";
import { byteLength } from "./text.ts";

const MAX_FIELD_MANAGER_BYTES = 128;
const unprintableRegExp = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu;

/** What nearly all of them are. */
const plainManager = /^[ -~]{0,128}$/;

/** The name of a field manager: up to 128 bytes, printable. */
export function validateFieldManager(manager: string, path: string): FieldError[] {
  if (plainManager.test(manager)) return [];
  const errors: FieldError[] = [];
  if (byteLength(manager) > MAX_FIELD_MANAGER_BYTES) errors.push(tooLong(path, "", MAX_FIELD_MANAGER_BYTES));
  for (const match of manager.matchAll(unprintableRegExp)) {
    const code = match[0].codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0");
    const at = byteLength(manager.slice(0, match.index));
    errors.push(invalid(path, manager, `invalid character U+${code} (at position ${at})`));
  }
  return errors;
}

/** What a DELETE, or an eviction, asks for beside the object's name. */
export interface DeletionRequest {
  readonly dryRun: boolean;
  readonly gracePeriodSeconds?: Int64;
  readonly propagationPolicy?: PropagationPolicy;
  readonly preconditions?: Preconditions;
}

const POLICIES = ["Foreground", "Background", "Orphan"] as const;
type PropagationPolicy = (typeof POLICIES)[number];
const isPolicy = (text: string): text is PropagationPolicy => (POLICIES as readonly string[]).includes(text);

/** Checks DeleteOptions and turns the old orphanDependents into a policy. Throws 422. */
export function validateDeleteOptions(options: DeleteOptions): DeletionRequest {
  const errors: FieldError[] = [];
  const { propagationPolicy, orphanDependents, dryRun = [], gracePeriodSeconds, preconditions } = options;
  if (orphanDependents !== undefined && propagationPolicy !== undefined) {
    errors.push(
      invalid("propagationPolicy", propagationPolicy, "orphanDependents and deletionPropagation cannot be both set"),
    );
  }
  if (propagationPolicy !== undefined && !isPolicy(propagationPolicy)) {
    errors.push(notSupported("propagationPolicy", propagationPolicy, [...POLICIES, "nil"], "given"));
  }
  errors.push(...dryRunErrors(dryRun));
  if (errors.length > 0) throw invalidObject("meta.k8s.io", "DeleteOptions", "", errors);
  const policy = orphanDependents === undefined ? propagationPolicy : orphanDependents ? "Orphan" : "Background";
  return {
    dryRun: dryRun.length > 0,
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    ...(policy !== undefined && isPolicy(policy) ? { propagationPolicy: policy } : {}),
    ...(preconditions ? { preconditions } : {}),
  };
}

export function dryRunErrors(dryRun: readonly string[]): FieldError[] {
  return dryRun.every((value) => value === "All") ? [] : [notSupported("dryRun", dryRun, ["All"])];
}
