import {
  compileLabelSelector,
  deepFreeze,
  draftOf,
  type AnyDraft,
  type KubeObject,
  type LabelSelector,
  type Scale,
} from "#objects";

/** The scale of what has `replicas` in its spec and status, and a selector in its spec: most kinds do. */
export function scaleOf({ metadata, ...object }: KubeObject): Scale {
  const { spec, status } = object as {
    readonly spec?: { readonly replicas?: number; readonly selector?: LabelSelector };
    readonly status?: { readonly replicas?: number };
  };
  const { name, namespace, uid, resourceVersion } = metadata;
  return deepFreeze({
    apiVersion: "autoscaling/v1",
    kind: "Scale",
    metadata: { name, namespace, uid, resourceVersion } as Scale["metadata"],
    spec: { replicas: spec?.replicas ?? 0 },
    status: { replicas: status?.replicas ?? 0, selector: compileLabelSelector(spec?.selector).toString() },
  });
}

/** The object with the replicas of a scale, to be written where it is as the scale was read. */
export function withReplicas(object: KubeObject, { metadata, spec }: Scale): AnyDraft {
  const { resourceVersion } = metadata;
  const draft = draftOf(object) as AnyDraft & { spec?: { replicas?: number } };
  draft.spec = { ...draft.spec, replicas: spec?.replicas ?? 0 };
  if (resourceVersion !== undefined) draft.metadata.resourceVersion = resourceVersion;
  return draft;
}
