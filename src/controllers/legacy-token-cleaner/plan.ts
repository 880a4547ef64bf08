import { keyOf, type Secret, type ServiceAccount } from "#objects";
import type { Plan } from "../framework/definition.ts";
import { dayOf, dayStart } from "../legacy-token-tracking/plan.ts";
import { accountNamedBy, isOf } from "../service-account-token/plan.ts";

/** The day on which the token was used last: the API server keeps it. */
export const LAST_USED = "kubernetes.io/legacy-token-last-used";
/** The day from which on the token does not hold any more. */
export const INVALID_SINCE = "kubernetes.io/legacy-token-invalid-since";

const DAY_MS = 24 * 3_600_000;
/** Upstream's --legacy-service-account-token-clean-up-period. */
export const CLEAN_UP_PERIOD_MS = 365 * DAY_MS;

export interface CleanerView {
  /** The day since when uses are tracked, as its ConfigMap says it. */
  readonly trackedSince: string | undefined;
  /** The Secrets that keep tokens. */
  readonly secrets: readonly Secret[];
  /** The accounts that these name, by `namespace/name`. */
  readonly accounts: ReadonlyMap<string, ServiceAccount>;
  /** The Secrets that pods name, by `namespace/name`. */
  readonly mounted: ReadonlySet<string>;
}

export type CleanerStep =
  /** Its token holds no longer, unless a client takes the label away. */
  | { readonly type: "mark-invalid"; readonly secret: Secret; readonly day: string }
  | { readonly type: "delete"; readonly secret: Secret };

/**
 * Which tokens that were made for accounts, and not by users, have not been used for a year: they are marked first, and
 * deleted after another year (upstream legacy_serviceaccount_token_cleaner).
 */
export function planCleaning(view: CleanerView, now: number): Plan<CleanerStep> {
  const { secrets, trackedSince } = view;
  const since = dayStart(trackedSince);
  if (since === undefined) return { steps: [], because: "nothing says since when uses are tracked" };
  // Uses on the very day may have come before.
  if (now < since + DAY_MS + CLEAN_UP_PERIOD_MS)
    return { steps: [], because: `uses are tracked since ${trackedSince}` };
  const steps: CleanerStep[] = [];
  const keepFrom = now - CLEAN_UP_PERIOD_MS;
  const unused = secrets.filter((secret) => isUnused(secret, view, keepFrom));
  for (const secret of unused) {
    const invalidSince = secret.metadata.labels?.[INVALID_SINCE];
    if (dayStart(invalidSince) === undefined) steps.push({ type: "mark-invalid", secret, day: dayOf(now) });
    else if (invalidSince! < dayOf(keepFrom)) steps.push({ type: "delete", secret });
  }
  return { steps, because: `${unused.length} of ${secrets.length} tokens have not been used for a year` };
}

/** Whether it is known that the token is not used: where that cannot be told it stays. */
function isUnused(secret: Secret, { accounts, mounted }: CleanerView, keepFrom: number): boolean {
  const { namespace = "", name, creationTimestamp = "", deletionTimestamp, labels } = secret.metadata;
  if (!(Date.parse(creationTimestamp) < keepFrom) || deletionTimestamp !== undefined) return false;
  const lastUsed = labels?.[LAST_USED];
  if (lastUsed !== undefined && (dayStart(lastUsed) === undefined || lastUsed >= dayOf(keepFrom))) return false;
  const accountName = accountNamedBy(secret);
  const account = accountName === undefined ? undefined : accounts.get(keyOf({ namespace, name: accountName }));
  // An account lists the tokens that were made for it; those that users make it does not.
  const isMade = account && isOf(secret, account) && account.secrets?.some((listed) => listed.name === name);
  return isMade === true && !mounted.has(keyOf(secret));
}
