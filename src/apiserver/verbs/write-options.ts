import type { UpdateOptions } from "#registry";
import { admissionOf } from "../admit.ts";
import type { ServerContext } from "../server-context.ts";
import { sizeOf } from "../operation.ts";
import type { OperationOf } from "./operation-of.ts";

/** What the registry has to know of a write: the user, the client's options, and the admission that it passes. */
export function writeOptionsOf(
  context: ServerContext,
  operation: OperationOf<"create" | "update" | "patch">,
): UpdateOptions {
  const { target, options, subresource, user, warn } = operation;
  const admission = admissionOf(context, operation, options.dryRun);
  return {
    user,
    warn,
    version: target.version,
    dryRun: options.dryRun,
    bodySize: sizeOf(operation.verb === "patch" ? operation.patch.body : operation.body),
    ...(options.fieldManager === undefined ? {} : { fieldManager: options.fieldManager }),
    ...(admission ? { admission } : {}),
    ...(subresource ? { subresource } : {}),
  };
}

/** For rules that know an object in its storage version alone: those of a Scale. */
export function inStorageVersion({ version: _version, ...options }: UpdateOptions): UpdateOptions {
  return options;
}
