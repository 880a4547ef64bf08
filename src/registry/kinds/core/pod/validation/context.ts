import type { Int64, Container, EphemeralContainer, PodSpec, Volume } from "#objects";

/** Where a pod spec stands: pods have stricter rules than templates. */
export interface PodSpecRules {
  readonly isPod: boolean;
  /** The pod's name, which claims of ephemeral volumes are named after. */
  readonly podName?: string;
}

/** What the rules of a container need to know of its pod. */
export interface ContainerContext {
  readonly volumes: ReadonlyMap<string, Volume>;
  /** Names of the pod's resource claims. */
  readonly claims: ReadonlySet<string>;
  /** Seconds. */
  readonly gracePeriod: Int64 | undefined;
  readonly restartPolicy: string | undefined;
  /** Whether the pod uses the host's users. */
  readonly hostUsers: boolean;
}

export type AnyContainer = Container | EphemeralContainer;

/** All containers of a spec with their paths, in upstream's order (podutil.VisitContainers). */
export function containersOf(spec: PodSpec, path: string): readonly (readonly [AnyContainer, string])[] {
  return [
    ...(spec.initContainers ?? []).map((container, i) => [container, `${path}.initContainers[${i}]`] as const),
    ...(spec.containers ?? []).map((container, i) => [container, `${path}.containers[${i}]`] as const),
    ...(spec.ephemeralContainers ?? []).map(
      (container, i) => [container, `${path}.ephemeralContainers[${i}]`] as const,
    ),
  ];
}
