import { encodeBase64 } from "#base";
import { keyOf, SECRETS, SERVICE_ACCOUNTS, type Secret, type ServiceAccount } from "#objects";
import {
  allow,
  defineController,
  syncByPlan,
  watch,
  type ControllerDefinition,
  type KeysOf,
  type SyncContext,
} from "../framework/index.ts";
import { unlessGone } from "../framework/gone.ts";
import { ACCOUNT_NAME, ACCOUNT_UID, accountNamedBy, isOf, planToken, type TokenStep } from "./plan.ts";

export interface ServiceAccountTokenOptions {
  /** The certificate of the cluster's authority, PEM. */
  readonly authority: string;
  /** Signs the token that a Secret of this name keeps for the account. */
  readonly signToken: (account: ServiceAccount, secretName: string) => Promise<string>;
}

/** The Secrets that keep tokens, by `namespace/account`. */
const BY_ACCOUNT = "service-account-token";

const accountKey = (secret: Secret): string | undefined => {
  const name = accountNamedBy(secret);
  return name === undefined ? undefined : keyOf({ namespace: secret.metadata.namespace ?? "", name });
};

/** `namespace/secret/account`: also when the Secret is gone it is known whose it was. */
const tokenKey = (secret: Secret): string | undefined => {
  const name = accountNamedBy(secret);
  return name === undefined ? undefined : `${keyOf(secret)}/${name}`;
};

const defined = (keys: readonly (string | undefined)[]) => keys.filter((key) => key !== undefined);

const ofSecret: KeysOf<Secret> = ({ object, previous }) =>
  defined([tokenKey(object), previous ? tokenKey(previous) : undefined]);

/** Only the end of an account changes anything; a cache may see it as a change to its successor. */
const ofAccount: KeysOf<ServiceAccount> = ({ type, object, previous }, caches) =>
  type === "deleted" || (previous && previous.metadata.uid !== object.metadata.uid)
    ? defined(caches.of(SECRETS).index(BY_ACCOUNT, keyOf(object)).map(tokenKey))
    : undefined;

/** Fills in the Secrets that keep tokens of service accounts, and deletes them when their account is gone. */
export function serviceAccountTokenController(options: ServiceAccountTokenOptions): ControllerDefinition {
  const authority = encodeBase64(options.authority);
  return defineController({
    name: "serviceaccount-token-controller",
    watches: [watch(SECRETS, ofSecret), watch(SERVICE_ACCOUNTS, ofAccount)],
    writes: [allow(SECRETS, "patch", "delete"), allow(SERVICE_ACCOUNTS, "patch")],
    start({ caches }) {
      caches.of(SECRETS).addIndex(BY_ACCOUNT, accountKey);
      return syncByPlan({
        async look(key, context) {
          const [namespace = "", secretName = "", accountName = ""] = key.split("/");
          const found = context.caches.of(SECRETS).get(keyOf({ namespace, name: secretName }));
          const named = found && accountNamedBy(found);
          // It names another account by now: that is another key.
          if (named !== undefined && named !== accountName) return undefined;
          const secret = named === undefined ? undefined : found;
          const at = { namespace, name: accountName };
          const cached = context.caches.of(SERVICE_ACCOUNTS).get(keyOf(at));
          const isKnown = !secret || (cached && isOf(secret, cached));
          // The cache may not show an account that has just been made: before its Secret is deleted the API is asked.
          const account = isKnown ? cached : await unlessGone(context.client.get(SERVICE_ACCOUNTS, at));
          return { secretName, secret, account, authority, namespace: encodeBase64(namespace) };
        },
        plan: planToken,
        apply: (step, context) => apply(step, context, options),
      });
    },
  });
}

async function apply(
  step: TokenStep,
  { client }: SyncContext,
  { signToken }: ServiceAccountTokenOptions,
): Promise<void> {
  const { namespace = "", name = "", uid, resourceVersion } = targetOf(step).metadata;
  const key = { namespace, name };
  switch (step.type) {
    case "delete":
      await unlessGone(client.delete(SECRETS, key, uid ? { preconditions: { uid } } : {}));
      return;
    case "fill": {
      const { account } = step;
      const annotations = { [ACCOUNT_NAME]: account.metadata.name, [ACCOUNT_UID]: account.metadata.uid };
      const token = step.needsToken ? { token: encodeBase64(await signToken(account, name)) } : {};
      const body = { metadata: { uid, resourceVersion, annotations }, data: { ...step.data, ...token } };
      await unlessGone(client.patch(SECRETS, key, { type: "merge", body }));
      return;
    }
    case "drop-reference": {
      const body = { metadata: { uid, resourceVersion }, secrets: step.secrets.length > 0 ? step.secrets : null };
      await unlessGone(client.patch(SERVICE_ACCOUNTS, key, { type: "merge", body }));
    }
  }
}

const targetOf = (step: TokenStep) => (step.type === "drop-reference" ? step.account : step.secret);
