import { formatTime, parseTime, type ConfigMap, type New } from "#objects";
import type { Plan } from "../framework/definition.ts";

/** Where it says since when the uses of legacy tokens are tracked. */
export const TRACKING = { namespace: "kube-system", name: "kube-apiserver-legacy-service-account-token-tracking" };
/** The entry of its data: a day, `2026-05-31`, in UTC. */
export const SINCE = "since";

/** How long until it is made again when a client deletes it: servers that do not track would delete it, too. */
const CREATE_PERIOD_MS = 30 * 60_000;

/** The start of a day like `2026-05-31` in milliseconds since the epoch; undefined where the text is none. */
export const dayStart = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{4}-\d\d-\d\d$/.test(text) ? parseTime(`${text}T00:00:00Z`) : undefined;

/** The day of a time, in UTC. */
export const dayOf = (ms: number): string => formatTime(ms).slice(0, 10);

export interface TrackingView {
  readonly configMap: ConfigMap | undefined;
  /** How long ago it was made last, in milliseconds; undefined: not since this controller began. */
  readonly madeAgoMs: number | undefined;
}

export type TrackingStep =
  | { readonly type: "create"; readonly configMap: New<ConfigMap> }
  | { readonly type: "update"; readonly configMap: ConfigMap };

/** Says since when uses of legacy tokens are tracked: without it none counts as unused (upstream legacytokentracking). */
export function planTracking({ configMap, madeAgoMs }: TrackingView, now: number): Plan<TrackingStep> {
  const data = { ...configMap?.data, [SINCE]: dayOf(now) };
  if (!configMap) {
    if (madeAgoMs !== undefined && madeAgoMs < CREATE_PERIOD_MS) {
      return { steps: [], requeueAt: now + CREATE_PERIOD_MS - madeAgoMs, because: "it was made a short while ago" };
    }
    return { steps: [{ type: "create", configMap: { metadata: TRACKING, data } }], because: "it is not there" };
  }
  if (dayStart(configMap.data?.[SINCE]) !== undefined) return { steps: [], because: "it names a day" };
  return { steps: [{ type: "update", configMap: { ...configMap, data } }], because: "it names no day" };
}
