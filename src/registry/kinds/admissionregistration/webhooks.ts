import {
  duplicate,
  invalid,
  notSupported,
  required,
  validateLabelSelector,
  type AdmissionregistrationV1WebhookClientConfig,
  type Draft,
  type FieldError,
  type MutatingWebhook,
  type ValidatingWebhook,
} from "#objects";
import { optionalOneOf } from "../common/checks.ts";
import { clientConfigErrors } from "../common/webhook-client.ts";
import { fullyQualifiedNameErrors } from "../common/names.ts";
import { repeats } from "../common/repeats.ts";
import {
  applyRuleDefaults,
  applySelectorDefaults,
  FAILURE_POLICIES,
  matchConditionErrors,
  MATCH_POLICIES,
  REINVOCATION_POLICIES,
  ruleErrors,
} from "./rules.ts";

type Webhook = ValidatingWebhook & Pick<MutatingWebhook, "reinvocationPolicy">;

const SIDE_EFFECTS = ["None", "NoneOnDryRun"];
const REVIEW_VERSIONS = ["v1", "v1beta1"];
const DEFAULT_PORT = 443;
const MAX_TIMEOUT_SECONDS = 30;

export function applyClientDefaults({ service }: Draft<AdmissionregistrationV1WebhookClientConfig>): void {
  if (service) service.port ??= DEFAULT_PORT;
}

/** Of both kinds of webhook. */
export function applyWebhookDefaults(webhooks: readonly Draft<Webhook>[] = []): void {
  for (const webhook of webhooks) {
    webhook.failurePolicy ??= "Fail";
    applySelectorDefaults(webhook);
    webhook.timeoutSeconds ??= 10;
    if (webhook.clientConfig) applyClientDefaults(webhook.clientConfig);
    applyRuleDefaults(webhook.rules);
  }
}

/** Which versions of AdmissionReview a webhook understands. */
export function reviewVersionErrors(field: string, versions: readonly string[] = []): FieldError[] {
  if (versions.length === 0) return [required(field, `must specify one of ${REVIEW_VERSIONS.join(", ")}`)];
  const errors: FieldError[] = [];
  const repeated = repeats(versions);
  for (const [i, version] of versions.entries()) {
    if (repeated[i]) errors.push(duplicate(`${field}[${i}]`, version));
  }
  if (!versions.some((version) => REVIEW_VERSIONS.includes(version))) {
    errors.push(invalid(field, versions, `must include at least one of ${REVIEW_VERSIONS.join(", ")}`));
  }
  return errors;
}

function webhookErrors(field: string, webhook: Webhook): FieldError[] {
  const { name, rules = [], sideEffects, timeoutSeconds, clientConfig } = webhook;
  const errors = fullyQualifiedNameErrors(`${field}.name`, name);
  errors.push(
    ...reviewVersionErrors(`${field}.admissionReviewVersions`, webhook.admissionReviewVersions),
    ...rules.flatMap((rule, i) => ruleErrors(`${field}.rules[${i}]`, rule)),
    ...optionalOneOf(`${field}.failurePolicy`, webhook.failurePolicy, FAILURE_POLICIES),
    ...optionalOneOf(`${field}.matchPolicy`, webhook.matchPolicy, MATCH_POLICIES),
  );
  if (!sideEffects) errors.push(required(`${field}.sideEffects`, `must specify one of ${SIDE_EFFECTS.join(", ")}`));
  else if (!SIDE_EFFECTS.includes(sideEffects)) {
    errors.push(notSupported(`${field}.sideEffects`, sideEffects, SIDE_EFFECTS));
  }
  if (timeoutSeconds !== undefined && (timeoutSeconds < 1 || timeoutSeconds > MAX_TIMEOUT_SECONDS)) {
    const detail = `the timeout value must be between 1 and ${MAX_TIMEOUT_SECONDS} seconds`;
    errors.push(invalid(`${field}.timeoutSeconds`, timeoutSeconds, detail));
  }
  return [
    ...errors,
    ...validateLabelSelector(webhook.namespaceSelector, `${field}.namespaceSelector`),
    ...validateLabelSelector(webhook.objectSelector, `${field}.objectSelector`),
    ...clientConfigErrors(`${field}.clientConfig`, clientConfig ?? {}),
    ...matchConditionErrors(`${field}.matchConditions`, webhook.matchConditions),
    ...optionalOneOf(`${field}.reinvocationPolicy`, webhook.reinvocationPolicy, REINVOCATION_POLICIES),
  ];
}

export function webhooksErrors(webhooks: readonly Webhook[] = []): FieldError[] {
  const repeated = repeats(webhooks.map(({ name }) => name));
  return webhooks.flatMap((webhook, i) => {
    const field = `webhooks[${i}]`;
    const errors = webhookErrors(field, webhook);
    return repeated[i] ? [...errors, duplicate(`${field}.name`, webhook.name)] : errors;
  });
}
