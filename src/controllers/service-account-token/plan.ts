import type { Secret, ServiceAccount } from "#objects";
import type { Plan } from "../framework/definition.ts";

const TYPE = "kubernetes.io/service-account-token";
export const ACCOUNT_NAME = "kubernetes.io/service-account.name";
export const ACCOUNT_UID = "kubernetes.io/service-account.uid";

/** The account that a Secret names whose token it is to keep; undefined for Secrets of other types. */
export const accountNamedBy = ({ type, metadata }: Secret): string | undefined =>
  type === TYPE ? metadata.annotations?.[ACCOUNT_NAME] || undefined : undefined;

/** Whether the account is the one that the Secret means. Before it is filled, a Secret may name no uid. */
export function isOf({ metadata }: Secret, account: ServiceAccount): boolean {
  const uid = metadata.annotations?.[ACCOUNT_UID];
  return !uid || uid === account.metadata.uid;
}

export interface TokenView {
  readonly secretName: string;
  /** Undefined: it is gone, or has become one of another type. */
  readonly secret: Secret | undefined;
  /** Of the name that the Secret gives, or gave. */
  readonly account: ServiceAccount | undefined;
  /** The certificate of the cluster's authority and the namespace, in base64. */
  readonly authority: string;
  readonly namespace: string;
}

export type TokenStep =
  | { readonly type: "delete"; readonly secret: Secret }
  | {
      readonly type: "fill";
      readonly secret: Secret;
      readonly account: ServiceAccount;
      /** In base64. */
      readonly data: Readonly<Record<string, string>>;
      readonly needsToken: boolean;
    }
  /** Leave these `secrets` in the account. */
  | {
      readonly type: "drop-reference";
      readonly account: ServiceAccount;
      readonly secrets: NonNullable<ServiceAccount["secrets"]>;
    };

const nothing = (because: string): Plan<TokenStep> => ({ steps: [], because });

/** What becomes of a Secret that keeps the token of a service account (upstream TokensController). */
export function planToken({ secretName, secret, account, authority, namespace }: TokenView): Plan<TokenStep> {
  if (!secret) return planReference(secretName, account);
  if (secret.metadata.deletionTimestamp) return nothing("the Secret is being deleted");
  if (!account) return { steps: [{ type: "delete", secret }], because: "its account is not there" };
  if (!isOf(secret, account)) return { steps: [{ type: "delete", secret }], because: "its account is another one now" };
  const { data = {}, immutable } = secret;
  const lacking = {
    ...(data["ca.crt"] === authority ? {} : { "ca.crt": authority }),
    ...(data["namespace"] ? {} : { namespace }),
  };
  const needsToken = !data["token"];
  const names = [...Object.keys(lacking), ...(needsToken ? ["token"] : [])];
  if (names.length === 0) return nothing("it is filled in");
  if (immutable) return nothing("its data may not be changed");
  return {
    steps: [{ type: "fill", secret, account, data: lacking, needsToken }],
    because: `it lacks ${names.join(", ")}`,
  };
}

function planReference(secretName: string, account: ServiceAccount | undefined): Plan<TokenStep> {
  const before = account?.secrets ?? [];
  const secrets = before.filter(({ name }) => name !== secretName);
  if (!account || secrets.length === before.length) return nothing("the Secret is gone and no account refers to it");
  return {
    steps: [{ type: "drop-reference", account, secrets }],
    because: "its account refers to the Secret, which is gone",
  };
}
