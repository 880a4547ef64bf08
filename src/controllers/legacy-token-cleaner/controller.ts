import {
  CONFIG_MAPS,
  hasReason,
  keyOf,
  PODS,
  SECRETS,
  SERVICE_ACCOUNTS,
  type Secret,
  type ServiceAccount,
} from "#objects";
import { allow } from "../framework/access.ts";
import { defineController, type ControllerDefinition, type SyncContext } from "../framework/definition.ts";
import { unlessGone } from "../framework/gone.ts";
import { allOf } from "../framework/parallel.ts";
import { watch } from "../framework/watch.ts";
import { SINCE, TRACKING } from "../legacy-token-tracking/plan.ts";
import { accountNamedBy } from "../service-account-token/plan.ts";
import { secretNamesOf } from "./mounted.ts";
import { INVALID_SINCE, planCleaning, type CleanerStep, type CleanerView } from "./plan.ts";

const PERIOD_MS = 24 * 3_600_000;
const KEY = "tokens";
/** The Secrets that keep tokens of service accounts. */
const TOKENS = "legacy-token";

/** Once a day, marks and deletes the tokens made for service accounts that have not been used for a year. */
export function legacyTokenCleaner(): ControllerDefinition {
  return defineController({
    name: "legacy-serviceaccount-token-cleaner-controller",
    watches: [watch(SECRETS), watch(SERVICE_ACCOUNTS), watch(PODS)],
    writes: [allow(SECRETS, "patch", "delete"), allow(CONFIG_MAPS, "get")],
    start({ caches, enqueue }) {
      caches.of(SECRETS).addIndex(TOKENS, (secret) => (accountNamedBy(secret) === undefined ? undefined : ""));
      enqueue(KEY);
      return async (_key, context) => {
        const { clock, log } = context;
        const plan = planCleaning(await look(context), clock.now());
        if (plan.steps.length > 0) log.info("cleaning up tokens", { because: plan.because });
        const failure = await allOf(plan.steps, (step) => apply(step, context));
        if (failure) log.warn("not every token could be cleaned up", { error: failure.error });
        return { requeueAt: clock.now() + PERIOD_MS };
      };
    },
  });
}

async function look({ caches, client }: SyncContext): Promise<CleanerView> {
  const tracking = await unlessGone(client.get(CONFIG_MAPS, TRACKING));
  const secrets: readonly Secret[] = caches.of(SECRETS).index(TOKENS, "");
  const accounts = new Map<string, ServiceAccount>();
  const mounted = new Set<string>();
  for (const namespace of new Set(secrets.map(({ metadata }) => metadata.namespace ?? ""))) {
    for (const account of caches.of(SERVICE_ACCOUNTS).index("namespace", namespace)) {
      accounts.set(keyOf(account), account);
    }
    for (const pod of caches.of(PODS).index("namespace", namespace)) {
      for (const name of secretNamesOf(pod)) mounted.add(keyOf({ namespace, name }));
    }
  }
  return { trackedSince: tracking?.data?.[SINCE], secrets, accounts, mounted };
}

async function apply(step: CleanerStep, { client, log }: SyncContext): Promise<void> {
  const { namespace = "", name = "", uid, resourceVersion } = step.secret.metadata;
  const subject = { namespace, name };
  if (step.type === "mark-invalid") {
    log.info("marking a token as invalid", { namespace, secret: name, invalidSince: step.day });
    const body = { metadata: { uid, labels: { [INVALID_SINCE]: step.day } } };
    await unlessGone(client.patch(SECRETS, subject, { type: "merge", body }));
    return;
  }
  log.info("deleting a token", { namespace, secret: name });
  try {
    await client.delete(SECRETS, subject, resourceVersion ? { preconditions: { resourceVersion } } : {});
  } catch (error) {
    // What has changed since it was looked at may be in use.
    if (!hasReason(error, "NotFound", "Conflict")) throw error;
  }
}
