import type { PodTemplate } from "#objects";
import { formatLabels, text } from "../common/columns.ts";
import { define, served } from "../common/define.ts";
import { defaultPodTemplate } from "./pod/defaults.ts";
import { containerColumns } from "./pod/template-columns.ts";
import { validateTemplate } from "./pod/template.ts";
import { templateWarnings } from "./pod/warnings.ts";

export const podTemplates = define<PodTemplate>({
  group: "",
  resource: "podtemplates",
  singular: "podtemplate",
  kind: "PodTemplate",
  namespaced: true,
  storageVersion: "v1",
  versions: [served("core", "v1", "PodTemplate")],
  requiresResourceVersionOnUpdate: false,
  returnsDeletedObject: true,
  hasGeneration: true,
  applyDefaults: ({ template }) => defaultPodTemplate(template),
  validate: ({ template }) => validateTemplate(template, "template"),
  warnings: ({ template }, old) => templateWarnings(template, old?.template, "template"),
  columns: [
    ...containerColumns<PodTemplate>(({ template }) => template?.spec, 0),
    text("Pod Labels", ({ template }) => formatLabels(template?.metadata?.labels), {
      description: "Labels of the pods that are made from it",
    }),
  ],
});
