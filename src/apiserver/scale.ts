import {
  conflict,
  formatLabelSelector,
  invalid,
  invalidObject,
  schemaOf,
  selectorFromSet,
  type AnyDraft,
  type FieldError,
  type KubeObject,
  type LabelSelector,
  type ObjectSchema,
  type Scale,
  type Subject,
} from "#objects";
import type { ScaleSubresource } from "#registry";
import type { Reading } from "./bodies.ts";

/** The autoscaling/v1 Scale of an object. */
export function scaleOf(object: KubeObject, subresource: ScaleSubresource<KubeObject>): Scale {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const replicas = subresource.replicas(object);
  const selector = subresource.selector(object);
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: {
      ...(name === undefined ? {} : { name }),
      ...(namespace === undefined ? {} : { namespace }),
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
    },
    spec: replicas === 0 ? {} : { replicas },
    status: {
      replicas: subresource.currentReplicas(object),
      ...(selector ? { selector: textOf(selector) } : {}),
    },
  };
}

const textOf = (selector: LabelSelector | Readonly<Record<string, string>>) =>
  "matchLabels" in selector || "matchExpressions" in selector
    ? formatLabelSelector(selector as LabelSelector)
    : selectorFromSet(selector as Readonly<Record<string, string>>).toString();

/** How many replicas a Scale asks for. Throws 422 when that cannot be. */
export function replicasOf(scale: AnyDraft): number {
  const spec = scale["spec"] as { readonly replicas?: number } | undefined;
  const replicas = spec?.replicas ?? 0;
  const errors: FieldError[] = [];
  if (replicas < 0) errors.push(invalid("spec.replicas", replicas, "must be greater than or equal to 0"));
  if (errors.length > 0) throw invalidObject("autoscaling", "Scale", scale.metadata.name ?? "", errors);
  return replicas;
}

/**
 * An object's draft with what a Scale says of it. Throws 422 when that cannot be, 409 when it is another object's.
 * `subject` is the object's resource.
 */
export function scaled(
  draft: AnyDraft,
  scale: AnyDraft,
  subresource: ScaleSubresource<KubeObject>,
  { group, resource }: Subject,
): AnyDraft {
  const { resourceVersion, uid: wanted } = scale.metadata;
  const replicas = replicasOf(scale);
  const { uid = "", name = "" } = draft.metadata;
  if (wanted && wanted !== uid) {
    const detail = `Precondition failed: UID in precondition: ${wanted}, UID in object meta: ${uid}`;
    throw conflict({ group, resource: `${resource}/scale` }, name, detail);
  }
  if (resourceVersion) draft.metadata.resourceVersion = resourceVersion;
  subresource.setReplicas(draft, replicas);
  return draft;
}

/** The structure of a Scale. */
export const scaleSchema = (): ObjectSchema => schemaOf("io.k8s.api.autoscaling.v1.Scale");

/** How a body is read that is a Scale. */
export const scaleReading = ({ fieldValidation, warn }: Pick<Reading, "fieldValidation" | "warn">): Reading => ({
  apiVersion: "autoscaling/v1",
  kind: "Scale",
  schema: scaleSchema(),
  isBuiltIn: true,
  fieldValidation,
  warn,
});
