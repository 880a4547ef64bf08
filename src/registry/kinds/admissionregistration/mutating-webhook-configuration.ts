import type { MutatingWebhookConfiguration } from "#objects";
import { AGE, integer } from "../common/columns.ts";
import { define, served } from "../common/define.ts";
import { CATEGORIES, GROUP } from "./rules.ts";
import { applyWebhookDefaults, webhooksErrors } from "./webhooks.ts";

export const mutatingWebhookConfigurations = define<MutatingWebhookConfiguration>({
  group: GROUP,
  resource: "mutatingwebhookconfigurations",
  singular: "mutatingwebhookconfiguration",
  kind: "MutatingWebhookConfiguration",
  categories: CATEGORIES,
  namespaced: false,
  storageVersion: "v1",
  versions: [served("admissionregistration", "v1", "MutatingWebhookConfiguration")],
  requiresResourceVersionOnUpdate: true,
  hasGeneration: true,
  applyDefaults(draft) {
    applyWebhookDefaults(draft.webhooks);
    for (const webhook of draft.webhooks ?? []) webhook.reinvocationPolicy ??= "Never";
  },
  validate: ({ webhooks }) => webhooksErrors(webhooks),
  columns: [integer("Webhooks", ({ webhooks }) => webhooks?.length ?? 0), AGE],
});
