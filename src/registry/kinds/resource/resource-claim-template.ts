import { invalid, sameJson, validateAnnotations, validateLabels, type ResourceClaimTemplate } from "#objects";
import { AGE } from "../common/columns.ts";
import { converted, define, served } from "../common/define.ts";
import { applyClaimDefaults, claimSpecErrors } from "./claim-spec.ts";
import { templateFromBeta1, templateToBeta1 } from "./convert.ts";

export const resourceClaimTemplates = define<ResourceClaimTemplate>({
  group: "resource.k8s.io",
  resource: "resourceclaimtemplates",
  singular: "resourceclaimtemplate",
  kind: "ResourceClaimTemplate",
  namespaced: true,
  storageVersion: "v1",
  versions: [
    served("resource", "v1", "ResourceClaimTemplate"),
    served("resource", "v1beta2", "ResourceClaimTemplate"),
    served("resource", "v1beta1", "ResourceClaimTemplate", converted(templateToBeta1, templateFromBeta1)),
  ],
  applyDefaults: ({ spec }) => applyClaimDefaults(spec?.spec),
  validate: ({ spec }) => [
    ...validateLabels(spec?.metadata?.labels, "spec.metadata.labels"),
    ...validateAnnotations(spec?.metadata?.annotations, "spec.metadata.annotations"),
    ...claimSpecErrors("spec.spec", spec?.spec),
  ],
  validateUpdate: ({ spec }, old) => (sameJson(spec, old.spec) ? [] : [invalid("spec", spec, "field is immutable")]),
  columns: [AGE],
});
