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

interface ListOptions {
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: string;
  readonly sendInitialEvents?: boolean;
}

/** Which parameters of a list go together (apimachinery meta/internalversion/validation). Throws 422. */
export function validateListOptions(options: ListOptions): void {
  const { resourceVersionMatch: match, resourceVersion } = options;
  if (!match && options.sendInitialEvents === undefined) return;
  const errors: FieldError[] = [];
  if (match) {
    if (!resourceVersion) {
      errors.push(
        forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden unless resourceVersion is provided"),
      );
    }
    if (options.continue) {
      errors.push(forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided"));
    }
    if (match !== "Exact" && match !== "NotOlderThan") {
      errors.push(notSupported("resourceVersionMatch", match, ["Exact", "NotOlderThan", ""], "given"));
    }
    if (match === "Exact" && resourceVersion === "0") {
      errors.push(
        forbidden("resourceVersionMatch", 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'),
      );
    }
  }
  if (options.sendInitialEvents !== undefined) {
    errors.push(forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"));
  }
  if (errors.length > 0) throw invalidObject(META, "ListOptions", "", errors);
}

/** The same for a watch. Throws 422. */
export function validateWatchOptions(options: ListOptions): void {
  const { resourceVersionMatch: match, sendInitialEvents } = options;
  if (!match && sendInitialEvents === undefined) return;
  const errors: FieldError[] = [];
  if (sendInitialEvents !== undefined && match !== "NotOlderThan") {
    errors.push(
      forbidden("resourceVersionMatch", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"),
    );
  }
  if (match) {
    if (sendInitialEvents === undefined) {
      errors.push(
        forbidden(
          "resourceVersionMatch",
          "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
        ),
      );
    }
    if (match !== "NotOlderThan") errors.push(notSupported("resourceVersionMatch", match, ["NotOlderThan"]));
    if (options.continue) {
      errors.push(forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided"));
    }
  }
  if (errors.length > 0) throw invalidObject(META, "ListOptions", "", errors);
}
