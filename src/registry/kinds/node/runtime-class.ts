import { dnsLabel, validateLabels, type FieldError, type RuntimeClass } from "#objects";
import { each, unchanged } from "../common/checks.ts";
import { AGE, text } from "../common/columns.ts";
import { define, served } from "../common/define.ts";
import { deprecatedNodeLabel } from "../core/pod/node-labels.ts";
import { quantityErrors } from "../common/quantities.ts";
import { containerResourceNameErrors } from "../common/resource-names.ts";

function validate({ handler = "", overhead, scheduling }: RuntimeClass): FieldError[] {
  const fixed = Object.entries(overhead?.podFixed ?? {});
  return [
    ...each("handler", handler, dnsLabel(handler)),
    ...fixed.flatMap(([name, amount]) => [
      ...containerResourceNameErrors(`overhead.podFixed[${name}]`, name),
      ...quantityErrors(`overhead.podFixed[${name}]`, name, amount),
    ]),
    ...validateLabels(scheduling?.nodeSelector, "scheduling.nodeSelector"),
  ];
}

export const runtimeClasses = define<RuntimeClass>({
  group: "node.k8s.io",
  resource: "runtimeclasses",
  singular: "runtimeclass",
  kind: "RuntimeClass",
  namespaced: false,
  storageVersion: "v1",
  versions: [served("node", "v1", "RuntimeClass")],
  requiresResourceVersionOnUpdate: true,
  warnings: ({ scheduling }) =>
    Object.keys(scheduling?.nodeSelector ?? {}).flatMap((key) => {
      const old = deprecatedNodeLabel(key);
      return old ? [`scheduling.nodeSelector: ${old}`] : [];
    }),
  validate,
  validateUpdate: (object, old) => unchanged("handler", object.handler, old.handler),
  columns: [text("Handler", ({ handler }) => handler), AGE],
});
