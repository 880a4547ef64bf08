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
import { fromStorage, resetFieldsOf, toStorage, type UpdateOptions } from "#registry";
import { attributesOfOperation, authorize } from "../authorize.ts";
import { conformPatched, type PatchValue, type Reading } from "../bodies.ts";
import { checkName, checkNamespace, checkTargetKind } from "../checks.ts";
import type { Machinery } from "../machinery.ts";
import type { Result } from "../operation.ts";
import { namingOf } from "../target.ts";
import type { OperationOf } from "./operation-of.ts";

/** Server-side apply: makes the object when it is not there. */
export async function apply(
  machinery: Machinery,
  operation: OperationOf<"patch">,
  { value, strictErrors }: PatchValue,
  reading: Reading,
  writeOptions: UpdateOptions,
): Promise<Result> {
  const { target, namespace, name, options, subresource, warn } = operation;
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

  const change = async (current: KubeObject | undefined): Promise<AnyDraft> => {
    if (!current) await authorize(machinery.authorizer, attributesOfOperation(operation, "create"));
    const live = current && (await fromStorage(definition, version, current));
    const after = serverSideApply({
      live,
      applied,
      apiVersion,
      kind,
      schema,
      manager,
      force: options.force ?? false,
      time: machinery.clock.now(),
      ...resetFieldsOf(definition, version, schema, subresource),
      ...(subresource ? { subresource } : {}),
    });
    if (strictErrors.length > 0) {
      if (options.fieldValidation === "Strict")
        throw badRequest(`error strict decoding patch: ${strictErrors.join(", ")}`);
      if (options.fieldValidation === "Warn") strictErrors.forEach(warn);
    }
    const draft = conformPatched({ value: after, from: "text", shown: () => jsonText(after) }, [], reading);
    checkTargetKind(draft, target);
    if (!current && draft.metadata.uid) {
      const detail = `uid mismatch: the provided object specified uid ${draft.metadata.uid}, and no existing object was found`;
      throw conflict(subject, name, detail);
    }
    checkNamespace(draft, definition.namespaced ? namespace : "");
    checkName(draft, name);
    return toStorage(definition, version, draft);
  };
  const { object, created } = await target.resource.update({ namespace, name }, change, {
    ...writeOptions,
    applied: true,
    createsAbsent: !subresource,
  });
  return { type: "object", object, created };
}
