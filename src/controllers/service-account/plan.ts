import type { Namespace, New, ServiceAccount } from "#objects";
import type { Plan } from "../framework/definition.ts";

/** The account of pods that name none. */
export const DEFAULT_ACCOUNT = "default";

export interface AccountView {
  readonly namespace: Namespace;
  /** Whether the namespace has its account `default`. */
  readonly hasAccount: boolean;
}

export interface AccountStep {
  readonly type: "create";
  readonly account: New<ServiceAccount>;
}

/** Every namespace has its account `default`, as long as it is not being deleted (upstream serviceaccounts_controller). */
export function planAccount({ namespace, hasAccount }: AccountView): Plan<AccountStep> {
  const { name = "", deletionTimestamp } = namespace.metadata;
  if (deletionTimestamp !== undefined) return { steps: [], because: "the namespace is being deleted" };
  if (hasAccount) return { steps: [], because: "the account is there" };
  const account: New<ServiceAccount> = { metadata: { name: DEFAULT_ACCOUNT, namespace: name } };
  return { steps: [{ type: "create", account }], because: "the namespace lacks its account" };
}
