import {
  badRequest,
  conflict,
  draftOf,
  formatTime,
  invalidObject,
  notSupported,
  required,
  withCondition,
  type AnyDraft,
  type Binding,
  type Draft,
  type FieldError,
  type KubeObject,
  type Pod,
  type PodCondition,
  type Status,
  schemaOf,
} from "#objects";
import type { CreateSubresource } from "../../../definition.ts";

/** `pods/binding`: assigns a pod to a node, once. */
export const binding: CreateSubresource<Pod> = {
  type: "create",
  body: {
    group: "",
    version: "v1",
    kind: "Binding",
    get schema() {
      return schemaOf("io.k8s.api.core.v1.Binding");
    },
  },
  async handle({ key, body, context }) {
    const request = body as unknown as Binding;
    const { name, uid, resourceVersion } = request.metadata;
    if (name !== key.name) throw badRequest("name in URL does not match name in Binding object");
    const errors = validateBinding(request);
    if (errors.length > 0) throw invalidObject("", "Binding", key.name, errors);
    const pods = context.registry.resource("", "pods");
    if (!pods) throw badRequest("pods are not served");
    await pods.update(
      key,
      (current) => {
        const pod = current as Pod;
        const problem = bindingProblem(pod, {
          ...(uid ? { uid } : {}),
          ...(resourceVersion ? { resourceVersion } : {}),
        });
        if (problem !== undefined) throw conflict({ group: "", resource: "pods/binding" }, key.name, problem);
        return bound(pod, request, context.now) as AnyDraft;
      },
      // Upstream records no manager for what a binding sets.
      { user: context.user, dryRun: context.dryRun, subresource: "binding", keepsManagedFields: true },
    );
    return success();
  },
  // The rules of the kind are for users: they may not set the node's name.
  parentUpdate: { prepareForUpdate: () => undefined },
};

/** What a create subresource answers that made no object. */
export function success(): KubeObject {
  const status: Status = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 };
  return status as unknown as KubeObject;
}

/** Source: upstream ValidatePodBinding. */
function validateBinding({ target }: Binding): FieldError[] {
  return [
    ...(target?.kind && target.kind !== "Node" ? [notSupported("target.kind", target.kind, ["Node", "<empty>"])] : []),
    ...(target?.name ? [] : [required("target.name")]),
  ];
}

/** Why a pod cannot be assigned. Source: upstream BindingREST.setPodNodeAndMetadata. */
function bindingProblem(
  { metadata, spec }: Pod,
  expected: { readonly uid?: string; readonly resourceVersion?: string },
): string | undefined {
  if (expected.uid !== undefined && expected.uid !== metadata.uid) {
    return `Precondition failed: UID in precondition: ${expected.uid}, UID in object meta: ${metadata.uid}`;
  }
  if (expected.resourceVersion !== undefined && expected.resourceVersion !== metadata.resourceVersion) {
    return `Precondition failed: ResourceVersion in precondition: ${expected.resourceVersion}, ResourceVersion in object meta: ${metadata.resourceVersion}`;
  }
  if (metadata.deletionTimestamp !== undefined) {
    return `pod ${metadata.name} is being deleted, cannot be assigned to a host`;
  }
  if (spec?.nodeName) return `pod ${metadata.name} is already assigned to node ${JSON.stringify(spec.nodeName)}`;
  return spec?.schedulingGates?.length ? `pod ${metadata.name} has non-empty .spec.schedulingGates` : undefined;
}

/** The pod, assigned; labels and annotations of the binding become its own. */
function bound(pod: Pod, { target, metadata }: Binding, now: number): Draft<Pod> {
  const draft = draftOf(pod);
  draft.spec ??= { containers: [] };
  if (target.name) draft.spec.nodeName = target.name;
  if (metadata.annotations) draft.metadata.annotations = { ...draft.metadata.annotations, ...metadata.annotations };
  if (metadata.labels) draft.metadata.labels = { ...draft.metadata.labels, ...metadata.labels };
  draft.status ??= {};
  const scheduled: PodCondition = { type: "PodScheduled", status: "True", lastTransitionTime: formatTime(now) };
  draft.status.conditions = draftOf(withCondition(pod.status?.conditions, scheduled));
  // The nomination has done its work.
  delete draft.status.nominatedNodeName;
  return draft;
}
