import {
  dns1035Label,
  dnsSubdomain,
  formatTime,
  invalid,
  pathSegmentName,
  portNumber,
  required,
  type APIService,
  type FieldError,
} from "#objects";
import { each, oneOf, present } from "../common/checks.ts";
import { AGE, text } from "../common/columns.ts";
import { define, servedAs } from "../common/define.ts";
import { CLIENT_METADATA } from "../../definition.ts";

const DEFAULT_PORT = 443;
const MAX_PRIORITY = 20_000;
const MAX_VERSION_PRIORITY = 1000;

function priorityErrors({ spec }: APIService): FieldError[] {
  const errors: FieldError[] = [];
  const { groupPriorityMinimum = 0, versionPriority = 0 } = spec ?? {};
  if (groupPriorityMinimum <= 0 || groupPriorityMinimum > MAX_PRIORITY) {
    const detail = `must be positive and less than ${MAX_PRIORITY}`;
    errors.push(invalid("spec.groupPriorityMinimum", groupPriorityMinimum, detail));
  }
  if (versionPriority <= 0 || versionPriority > MAX_VERSION_PRIORITY) {
    const detail = `must be positive and less than ${MAX_VERSION_PRIORITY}`;
    errors.push(invalid("spec.versionPriority", versionPriority, detail));
  }
  return errors;
}

/** Without a Service the group is served by this server itself. */
function serviceErrors({ spec }: APIService): FieldError[] {
  const { service, caBundle, insecureSkipTLSVerify } = spec ?? {};
  if (!service) {
    const errors: FieldError[] = [];
    if (caBundle) errors.push(invalid("spec.caBundle", "<bytes>", "local APIServices may not have a caBundle"));
    if (insecureSkipTLSVerify) {
      const detail = "local APIServices may not have insecureSkipTLSVerify";
      errors.push(invalid("spec.insecureSkipTLSVerify", true, detail));
    }
    return errors;
  }
  const errors: FieldError[] = [];
  if (!service.namespace) errors.push(required("spec.service.namespace"));
  if (!service.name) errors.push(required("spec.service.name"));
  errors.push(...each("spec.service.port", service.port, portNumber(service.port ?? DEFAULT_PORT)));
  if (insecureSkipTLSVerify && caBundle) {
    errors.push(invalid("spec.insecureSkipTLSVerify", true, "may not be true if caBundle is present"));
  }
  return errors;
}

function validate(object: APIService): FieldError[] {
  const { group = "", version = "" } = object.spec ?? {};
  const name = `${version}.${group}`;
  const errors: FieldError[] = [];
  if (object.metadata.name !== name) {
    errors.push(
      invalid(
        "metadata.name",
        object.metadata.name,
        `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(name)}`,
      ),
    );
  }
  if (group === "" && version !== "v1")
    errors.push(required("spec.group", "only v1 may have an empty group and it better be legacy kube"));
  if (group !== "") errors.push(...each("spec.group", group, dnsSubdomain(group)));
  errors.push(...present("spec.version", version, (value) => dns1035Label(value)));
  return [...errors, ...priorityErrors(object), ...serviceErrors(object)];
}

const available = ({ status }: APIService) => status?.conditions?.find(({ type }) => type === "Available");

function availableText(object: APIService): string {
  const condition = available(object);
  if (!condition) return "Unknown";
  return condition.status === "True" ? "True" : `${condition.status} (${condition.reason ?? ""})`;
}

const conditionErrors = ({ status }: APIService): FieldError[] =>
  (status?.conditions ?? []).flatMap((condition, i) =>
    oneOf(`status.conditions[${i}].status`, condition.status, ["False", "True", "Unknown"]),
  );

export const apiServices = define<APIService>({
  group: "apiregistration.k8s.io",
  resource: "apiservices",
  singular: "apiservice",
  kind: "APIService",
  categories: ["api-extensions"],
  namespaced: false,
  storageVersion: "v1",
  versions: [servedAs("v1", "io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIService")],
  requiresResourceVersionOnUpdate: true,
  nameErrors: pathSegmentName,
  hasStatus: true,
  statusResetFields: CLIENT_METADATA,
  applyDefaults(draft) {
    if (draft.spec?.service) draft.spec.service.port ??= DEFAULT_PORT;
    draft.status ??= {};
  },
  prepareForCreate(draft, { now }) {
    draft.status = {};
    if (draft.spec?.service) return;
    const condition = {
      type: "Available",
      status: "True",
      lastTransitionTime: formatTime(now),
      reason: "Local",
      message: "Local APIServices are always available",
    };
    draft.status.conditions = [condition];
  },
  validate,
  validateStatusUpdate: conditionErrors,
  columns: [
    text("Service", ({ spec }) =>
      spec?.service ? `${spec.service.namespace ?? ""}/${spec.service.name ?? ""}` : "Local",
    ),
    text("Available", availableText),
    AGE,
  ],
});
