import {
  dryRunErrors,
  forbidden,
  invalidObject,
  notSupported,
  required,
  validateFieldManager,
  type FieldError,
} from "#objects";

const META = "meta.k8s.io";

/** Checks what came with a create, update or patch (apimachinery meta/v1/validation). Throws 422. */
export function validateWriteOptions(
  kind: "CreateOptions" | "UpdateOptions" | "PatchOptions",
  options: {
    readonly dryRun: readonly string[];
    readonly fieldManager: string;
    readonly fieldValidation: string;
    readonly force?: boolean;
  },
  isApply: boolean,
): void {
  const errors: FieldError[] = [];
  if (kind === "PatchOptions") {
    if (isApply) {
      if (!options.fieldManager) errors.push(required("fieldManager", "is required for apply patch"));
    } else if (options.force !== undefined) {
      errors.push(forbidden("force", "may not be specified for non-apply patch"));
    }
  }
  errors.push(...validateFieldManager(options.fieldManager, "fieldManager"), ...dryRunErrors(options.dryRun));
  if (!["", "Ignore", "Strict", "Warn"].includes(options.fieldValidation)) {
    errors.push(notSupported("fieldValidation", options.fieldValidation, ["", "Ignore", "Strict", "Warn"]));
  }
  if (errors.length > 0) throw invalidObject(META, kind, "", errors);
}
