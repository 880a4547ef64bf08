import { finish, finishGivingWay, type Steps } from "#base";
import {
  badRequest,
  conflict,
  invalidObject,
  jsonText,
  required,
  serverSideApply,
  type AnyDraft,
  type KubeObject,
} from "#objects";
import { resetFieldsOf, type UpdatedObject } from "#registry";
import { conformPatched, type PatchValue, type Reading } from "../bodies.ts";
import { checkName, checkNamespace, checkTargetKind } from "../checks.ts";
import type { ServerContext } from "../server-context.ts";
import type { Result } from "../operation.ts";
import { namingOf } from "../target.ts";
import type { OperationOf } from "./operation-of.ts";
import { writeOptionsOf } from "./write-options.ts";

/** Server-side apply: makes the object when it is not there. */
export async function apply(
  context: ServerContext,
  operation: OperationOf<"patch">,
  { value, strictErrors }: PatchValue,
  reading: Reading,
): Promise<Result> {
  const { target, namespace, name, options, subresource } = operation;
  const { version } = target;
  const { definition } = target.resource;
  const { schema } = reading;
  const { apiVersion, kind, subject } = namingOf(target);
  const manager = options.fieldManager;
  if (!manager) {
    throw invalidObject("meta.k8s.io", "PatchOptions", "", [required("fieldManager", "is required for apply patch")]);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw badRequest("the configuration is no object");
  }
  const applied = value as Readonly<Record<string, unknown>>;
  const time = context.clock.now();

  const updatedObject: UpdatedObject = (live, giveWay) => {
    const steps = () =>
      serverSideApply({
        live,
        applied,
        apiVersion,
        kind,
        schema,
        manager,
        force: options.force ?? false,
        time,
        ...resetFieldsOf(definition, version, schema, subresource),
        ...(subresource ? { subresource } : {}),
      });
    return giveWay
      ? finishGivingWay(steps(), giveWay).then((made) => conformed(live, made, steps))
      : conformed(live, finish(steps()), steps);
  };
  const conformed = (live: KubeObject | undefined, made: AnyDraft, steps: () => Steps<AnyDraft>): AnyDraft => {
    // As upstream, after it was found to go together with what others own.
    warnOfStrictErrors(strictErrors, reading);
    const make = () => finish(steps());
    const draft = conformPatched({ made, make, from: "text", shown: (after) => jsonText(after) }, [], reading);
    checkTargetKind(draft, target);
    if (!live && draft.metadata.uid) {
      const detail = `uid mismatch: the provided object specified uid ${draft.metadata.uid}, and no existing object was found`;
      throw conflict(subject, name, detail);
    }
    checkNamespace(draft, definition.namespaced ? namespace : "");
    checkName(draft, name);
    return draft;
  };
  const { object, created } = await target.resource.update({ namespace, name }, updatedObject, {
    ...writeOptionsOf(context, operation),
    keepsManagedFields: true,
    allowCreate: !subresource,
  });
  return { type: "object", object, created };
}

/** Throws 400 for what strict reading of the configuration found, or warns of it. */
function warnOfStrictErrors(errors: readonly string[], { fieldValidation, warn }: Reading): void {
  if (errors.length === 0) return;
  if (fieldValidation === "Strict") throw badRequest(`error strict decoding patch: ${errors.join(", ")}`);
  if (fieldValidation === "Warn") errors.forEach(warn);
}
