/** Labels and annotations by which Services, Endpoints and EndpointSlices know each other (k8s.io/api discovery, core). */
import type { EndpointSlice } from "#objects";
import type { KeysOf } from "../framework/watch.ts";

export const SERVICE_NAME = "kubernetes.io/service-name";
export const MANAGED_BY = "endpointslice.kubernetes.io/managed-by";
export const SKIP_MIRROR = "endpointslice.kubernetes.io/skip-mirror";
export const HEADLESS = "service.kubernetes.io/headless";
export const LAST_CHANGE_TRIGGER_TIME = "endpoints.kubernetes.io/last-change-trigger-time";
export const LEADER = "control-plane.alpha.kubernetes.io/leader";

/** Index of EndpointSlices by the key of the Service that they belong to. */
export const SLICES_BY_SERVICE = "service";

/** The key of the Service that the slice says it belongs to. */
export function serviceKeyOf({ metadata }: EndpointSlice): string | undefined {
  const name = metadata.labels?.[SERVICE_NAME];
  return name ? `${metadata.namespace}/${name}` : undefined;
}

/** Whether a controller of this name keeps the slice, and it is not being deleted. */
export const isManagedBy =
  (manager: string) =>
  ({ metadata }: EndpointSlice): boolean =>
    metadata.labels?.[MANAGED_BY] === manager && metadata.deletionTimestamp === undefined;

/** Wakes the Services of slices that this manager keeps, or kept: another client may have changed them. */
export const servicesOfSlices =
  (manager: string): KeysOf<EndpointSlice> =>
  ({ object, previous }) => {
    const keys = new Set<string>();
    for (const slice of [object, previous]) {
      if (slice?.metadata.labels?.[MANAGED_BY] !== manager) continue;
      const key = serviceKeyOf(slice);
      if (key !== undefined) keys.add(key);
    }
    return keys;
  };
