import { DEPLOYMENTS, type Deployment, type New, type ReplicaSet } from "#objects";
import { controllerReference } from "../framework/index.ts";
import { revisionOf } from "./annotations.ts";
import { byCreation } from "./sets.ts";
import { POD_TEMPLATE_HASH, sameTemplate, templateHash } from "./template-hash.ts";

/** A Deployment's sets: the one of the present template, if it is there, and all others. */
export interface Revisions {
  readonly newest: ReplicaSet | undefined;
  /** Oldest first. */
  readonly old: readonly ReplicaSet[];
  /** The number that the present template has or is to have. */
  readonly revision: bigint;
}

/** Of several sets with the present template, the oldest is taken: every sync takes the same one. */
export function revisionsOf(deployment: Deployment, sets: readonly ReplicaSet[]): Revisions {
  const sorted = sets.toSorted(byCreation);
  const newest = sorted.find((set) => sameTemplate(set.spec?.template, deployment.spec?.template));
  const old = sorted.filter((set) => set !== newest);
  const highest = old.map(revisionOf).reduce((max, one) => (one > max ? one : max), 0n);
  return { newest, old, revision: highest + 1n };
}

/** The name of the set of the present template. */
export function newReplicaSetName({ metadata, spec, status }: Deployment): string {
  return `${metadata.name}-${templateHash(spec?.template ?? {}, status?.collisionCount)}`;
}

/** The set of the present template, to be created with `replicas` pods. */
export function newReplicaSet(deployment: Deployment, replicas: number, annotations: Readonly<Record<string, string>>) {
  const { spec, metadata } = deployment;
  const template = spec?.template ?? {};
  const hash = templateHash(template, deployment.status?.collisionCount);
  const labels = { ...template.metadata?.labels, [POD_TEMPLATE_HASH]: hash };
  return {
    metadata: {
      name: `${metadata.name}-${hash}`,
      namespace: metadata.namespace ?? "",
      labels,
      annotations,
      ownerReferences: [controllerReference(DEPLOYMENTS, deployment)],
    },
    spec: {
      replicas,
      ...(spec?.minReadySeconds ? { minReadySeconds: spec.minReadySeconds } : {}),
      selector: {
        ...spec?.selector,
        matchLabels: { ...spec?.selector.matchLabels, [POD_TEMPLATE_HASH]: hash },
      },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  } satisfies New<ReplicaSet>;
}

const NO_LIMIT = 2 ** 31 - 1;

/**
 * The old sets that the revision history limit has no room for: the lowest revisions, but none that has or is
 * to have pods.
 */
export function surplusHistory(deployment: Deployment, old: readonly ReplicaSet[]): readonly ReplicaSet[] {
  const limit = deployment.spec?.revisionHistoryLimit ?? NO_LIMIT;
  if (limit === NO_LIMIT) return [];
  const alive = old.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  return alive
    .toSorted((a, b) => Number(revisionOf(a) - revisionOf(b)) || byCreation(a, b))
    .slice(0, Math.max(0, alive.length - limit))
    .filter(
      ({ metadata, spec, status }) =>
        (status?.replicas ?? 0) === 0 &&
        spec?.replicas === 0 &&
        (metadata.generation ?? 0) <= (status?.observedGeneration ?? 0),
    );
}
