import { StatusError, type AnyDraft, type KubeObject, type StatusCause } from "#objects";

export type AdmissionOperation = "CREATE" | "UPDATE" | "DELETE" | "CONNECT";

/** What is about to happen, to whom and by whom. */
export interface AdmissionAttributes {
  readonly operation: AdmissionOperation;
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly resource: string;
  /** Empty for the object itself. */
  readonly subresource: string;
  /** Empty for cluster-scoped objects; a Namespace's own name for namespaces. */
  readonly namespace: string;
  /** Empty when it is still to be generated. */
  readonly name: string;
  readonly dryRun: boolean;
  readonly user: { readonly username: string; readonly uid?: string; readonly groups: readonly string[] };
  /** Collects texts for Warning headers. */
  readonly warn: (text: string) => void;
}

/** Changes or refuses a write. Refusing is throwing a StatusError. */
export interface AdmissionPlugin {
  readonly name: string;
  readonly handles: (attributes: AdmissionAttributes) => boolean;
  /** May change the draft. `old` is undefined for a create. Not asked for a DELETE: there is no draft to change. */
  readonly mutate?: (
    draft: AnyDraft,
    old: KubeObject | undefined,
    attributes: AdmissionAttributes,
  ) => void | Promise<void>;
  /** Sees the object as it will be written; for a DELETE only `old` is given. */
  readonly validate?: (
    object: KubeObject | undefined,
    old: KubeObject | undefined,
    attributes: AdmissionAttributes,
  ) => void | Promise<void>;
}

/** All plugins, in order. */
export interface AdmissionChain {
  readonly plugins: readonly AdmissionPlugin[];
  mutate(draft: AnyDraft, old: KubeObject | undefined, attributes: AdmissionAttributes): Promise<void>;
  validate(object: KubeObject | undefined, old: KubeObject | undefined, attributes: AdmissionAttributes): Promise<void>;
}

/** A plugin's refusal: `pods "x" is forbidden: <detail>` (apiserver admission.NewForbidden). */
export function forbid(
  attributes: AdmissionAttributes,
  object: Pick<KubeObject, "metadata"> | undefined,
  detail: string,
  causes?: readonly StatusCause[],
): StatusError {
  const { group, resource } = attributes;
  const name = attributes.name || object?.metadata.name || object?.metadata.generateName || "Unknown";
  const qualified = group ? `${resource}.${group}` : resource;
  return new StatusError({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: `${qualified} ${JSON.stringify(name)} is forbidden: ${detail}`,
    reason: "Forbidden",
    details: { name, ...(group ? { group } : {}), kind: resource, ...(causes ? { causes: [...causes] } : {}) },
    code: 403,
  });
}
