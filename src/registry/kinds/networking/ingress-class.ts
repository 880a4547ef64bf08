import {
  dnsLabel,
  dnsSubdomain,
  forbidden,
  notSupported,
  pathSegmentName,
  required,
  tooLong,
  type FieldError,
  type IngressClass,
  type IngressClassParametersReference,
} from "#objects";
import { each, present, unchanged } from "../common/checks.ts";
import { AGE, text } from "../common/columns.ts";
import { define, served } from "../common/define.ts";
import { domainPrefixedPathErrors } from "../common/names.ts";

const MAX_CONTROLLER = 250;

function parameterErrors(parameters: IngressClassParametersReference): FieldError[] {
  const field = "spec.parameters";
  const { apiGroup, kind, name, scope, namespace } = parameters;
  const errors = [
    ...(apiGroup === undefined ? [] : each(`${field}.apiGroup`, apiGroup, dnsSubdomain(apiGroup))),
    ...present(`${field}.kind`, kind, pathSegmentName),
    ...present(`${field}.name`, name, pathSegmentName),
  ];
  if (scope === undefined) return [...errors, required(`${field}.scope`)];
  if (scope === "Namespace") {
    if (namespace === undefined) {
      errors.push(required(`${field}.namespace`, "`parameters.scope` is set to 'Namespace'"));
    } else errors.push(...each(`${field}.namespace`, namespace, dnsLabel(namespace)));
  } else if (scope !== "Cluster") errors.push(notSupported(`${field}.scope`, scope, ["Cluster", "Namespace"]));
  else if (namespace !== undefined) {
    errors.push(forbidden(`${field}.namespace`, "`parameters.scope` is set to 'Cluster'"));
  }
  return errors;
}

function validate({ spec = {} }: IngressClass): FieldError[] {
  const { controller = "", parameters } = spec;
  const errors = domainPrefixedPathErrors("spec.controller", controller);
  if (controller.length > MAX_CONTROLLER) errors.push(tooLong("spec.controller", controller, MAX_CONTROLLER));
  return parameters ? [...errors, ...parameterErrors(parameters)] : errors;
}

function shownParameters({ spec }: IngressClass): string {
  const parameters = spec?.parameters;
  if (!parameters) return "<none>";
  const { kind, apiGroup, name } = parameters;
  return `${kind}${apiGroup === undefined ? "" : `.${apiGroup}`}/${name}`;
}

export const ingressClasses = define<IngressClass>({
  group: "networking.k8s.io",
  resource: "ingressclasses",
  singular: "ingressclass",
  kind: "IngressClass",
  namespaced: false,
  storageVersion: "v1",
  versions: [served("networking", "v1", "IngressClass")],
  hasGeneration: true,
  applyDefaults(draft) {
    draft.spec ??= {};
    if (draft.spec.parameters) draft.spec.parameters.scope ??= "Cluster";
  },
  validate,
  validateUpdate: ({ spec }, old) => unchanged("spec.controller", spec?.controller, old.spec?.controller),
  columns: [text("Controller", ({ spec }) => spec?.controller ?? ""), text("Parameters", shownParameters), AGE],
});
