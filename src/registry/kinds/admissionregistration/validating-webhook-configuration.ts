import type { ValidatingWebhookConfiguration } from "#objects";
import { AGE, integer } from "../common/columns.ts";
import { define, served } from "../common/define.ts";
import { CATEGORIES, GROUP } from "./rules.ts";
import { applyWebhookDefaults, webhooksErrors } from "./webhooks.ts";

export const validatingWebhookConfigurations = define<ValidatingWebhookConfiguration>({
  group: GROUP,
  resource: "validatingwebhookconfigurations",
  singular: "validatingwebhookconfiguration",
  kind: "ValidatingWebhookConfiguration",
  categories: CATEGORIES,
  namespaced: false,
  storageVersion: "v1",
  versions: [served("admissionregistration", "v1", "ValidatingWebhookConfiguration")],
  requiresResourceVersionOnUpdate: true,
  hasGeneration: true,
  applyDefaults(draft) {
    applyWebhookDefaults(draft.webhooks);
  },
  validate: ({ webhooks }) => webhooksErrors(webhooks),
  columns: [integer("Webhooks", ({ webhooks }) => webhooks?.length ?? 0), AGE],
});
