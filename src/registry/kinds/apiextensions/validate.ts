import {
  dns1035Label,
  dnsSubdomain,
  duplicate,
  forbidden,
  invalid,
  notSupported,
  required,
  type CustomResourceDefinition,
  type CustomResourceDefinitionNames,
  type CustomResourceDefinitionVersion,
  type CustomResourceSubresources,
  type FieldError,
} from "#objects";
import { each, oneOf, present, unchanged } from "../common/checks.ts";
import { clientConfigErrors } from "../common/webhook-client.ts";
import { schemaErrors } from "./structural.ts";

type Crd = CustomResourceDefinition;

const COLUMN_TYPES = ["boolean", "date", "integer", "number", "string"];
const COLUMN_FORMATS = ["binary", "byte", "date", "date-time", "double", "float", "int32", "int64", "password"];
const REVIEW_VERSIONS = ["v1", "v1beta1"];
const MIXED_CASE = "may have mixed case, but should otherwise match: ";

function nameErrors(field: string, names: Partial<CustomResourceDefinitionNames>): FieldError[] {
  const { plural, singular, kind, listKind, shortNames = [], categories = [] } = names;
  const label = (name: string) => dns1035Label(name);
  const mixed = (name: string) => label(name.toLowerCase()).map((message) => `${MIXED_CASE}${message}`);
  const errors = [
    ...present(`${field}.plural`, plural, label),
    ...(singular ? each(`${field}.singular`, singular, label(singular)) : []),
    ...present(`${field}.kind`, kind, mixed),
    ...(listKind ? each(`${field}.listKind`, listKind, mixed(listKind)) : []),
    ...shortNames.flatMap((name, i) => each(`${field}.shortNames[${i}]`, name, label(name))),
    ...categories.flatMap((name, i) => each(`${field}.categories[${i}]`, name, label(name))),
  ];
  if (kind && kind === listKind)
    errors.push(invalid(`${field}.listKind`, listKind, "kind and listKind may not be the same"));
  return errors;
}

/** `.spec.replicas`: a path of plain fields below one of the two parts. */
function jsonPathErrors(field: string, path: string | undefined, roots: readonly string[]): FieldError[] {
  if (!path) return [required(field)];
  if (!/^(\.[A-Za-z_][A-Za-z0-9_-]*)+$/.test(path)) return [invalid(field, path, "is not a valid json path")];
  return roots.some((root) => path.startsWith(`${root}.`))
    ? []
    : [invalid(field, path, `should be a json path under ${roots.join(" or ")}`)];
}

function subresourceErrors(field: string, { scale }: CustomResourceSubresources): FieldError[] {
  if (!scale) return [];
  const path = `${field}.scale`;
  return [
    ...jsonPathErrors(`${path}.specReplicasPath`, scale.specReplicasPath, [".spec"]),
    ...jsonPathErrors(`${path}.statusReplicasPath`, scale.statusReplicasPath, [".status"]),
    ...(scale.labelSelectorPath
      ? jsonPathErrors(`${path}.labelSelectorPath`, scale.labelSelectorPath, [".spec", ".status"])
      : []),
  ];
}

function columnErrors(field: string, { additionalPrinterColumns: columns = [] }: CustomResourceDefinitionVersion) {
  return columns.flatMap(({ name, type, format, jsonPath }, i) => {
    const path = `${field}.additionalPrinterColumns[${i}]`;
    return [
      ...present(`${path}.name`, name),
      ...(type
        ? oneOf(`${path}.type`, type, COLUMN_TYPES)
        : [required(`${path}.type`, `must be one of ${COLUMN_TYPES.join(",")}`)]),
      ...(format ? oneOf(`${path}.format`, format, COLUMN_FORMATS) : []),
      ...(jsonPath ? [] : [required(`${path}.jsonPath`, "JSONPath must be specified")]),
    ];
  });
}

function versionErrors(field: string, version: CustomResourceDefinitionVersion): FieldError[] {
  const { name, schema, subresources, deprecated, deprecationWarning } = version;
  const errors = each(`${field}.name`, name, dns1035Label(name ?? ""));
  if (deprecationWarning !== undefined && !deprecated) {
    errors.push(invalid(`${field}.deprecationWarning`, deprecationWarning, "can only be set for deprecated versions"));
  }
  const root = schema?.openAPIV3Schema;
  const path = `${field}.schema.openAPIV3Schema`;
  errors.push(...(root ? schemaErrors(path, root) : [required(path, "schemas are required")]));
  if (subresources) errors.push(...subresourceErrors(`${field}.subresources`, subresources));
  return [...errors, ...columnErrors(field, version)];
}

function versionsErrors(versions: readonly CustomResourceDefinitionVersion[]): FieldError[] {
  const field = "spec.versions";
  const errors = versions.flatMap((version, i) => versionErrors(`${field}[${i}]`, version));
  const names = versions.map(({ name }) => name);
  if (new Set(names).size < names.length) errors.push(invalid(field, versions, "must contain unique version names"));
  if (versions.filter(({ storage }) => storage).length !== 1) {
    errors.push(invalid(field, versions, "must have exactly one version marked as storage version"));
  }
  return errors;
}

function conversionErrors({ spec }: Crd): FieldError[] {
  const conversion = spec.conversion;
  const field = "spec.conversion";
  if (!conversion) return [required(field)];
  const { strategy, webhook } = conversion;
  const errors = strategy ? oneOf(`${field}.strategy`, strategy, ["None", "Webhook"]) : [required(`${field}.strategy`)];
  if (strategy !== "Webhook") {
    if (webhook?.clientConfig) {
      const detail = "should not be set when strategy is not set to Webhook";
      errors.push(forbidden(`${field}.webhookClientConfig`, detail));
    }
    return errors;
  }
  const versions = webhook?.conversionReviewVersions ?? [];
  const client = `${field}.webhookClientConfig`;
  errors.push(
    ...(webhook?.clientConfig
      ? clientConfigErrors(client, webhook.clientConfig)
      : [required(client, "required when strategy is set to Webhook")]),
  );
  if (versions.length === 0) errors.push(required(`${field}.conversionReviewVersions`));
  else if (!versions.some((version) => REVIEW_VERSIONS.includes(version))) {
    const detail = `must include at least one of ${REVIEW_VERSIONS.join(", ")}`;
    errors.push(invalid(`${field}.conversionReviewVersions`, versions, detail));
  }
  return errors;
}

function groupErrors(group: string): FieldError[] {
  const field = "spec.group";
  if (group === "") return [required(field)];
  const errors = each(field, group, dnsSubdomain(group));
  return group.includes(".") ? errors : [...errors, invalid(field, group, "should be a domain with at least one dot")];
}

/** ValidateCustomResourceDefinition; what schemas of one version say of defaults and CEL is left to who runs them. */
export function validate(crd: Crd): FieldError[] {
  const { spec, metadata, status } = crd;
  if (!spec) return [required("spec")];
  const names: Partial<CustomResourceDefinitionNames> = spec.names ?? {};
  const { group = "", scope, versions = [], preserveUnknownFields } = spec;
  const errors: FieldError[] = [];
  if (metadata.name !== `${names.plural ?? ""}.${group}`) {
    errors.push(invalid("metadata.name", metadata.name, 'must be spec.names.plural+"."+spec.group'));
  }
  errors.push(...groupErrors(group));
  if (!scope) errors.push(required("spec.scope"));
  else if (scope !== "Cluster" && scope !== "Namespaced") {
    errors.push(notSupported("spec.scope", scope, ["Cluster", "Namespaced"]));
  }
  errors.push(...versionsErrors(versions));
  if (preserveUnknownFields) errors.push(invalid("spec.preserveUnknownFields", true, "must be false"));
  errors.push(...nameErrors("spec.names", names), ...conversionErrors(crd));
  const known = new Set(versions.map(({ name }) => name));
  for (const [i, version] of (status?.storedVersions ?? []).entries()) {
    if (!known.has(version))
      errors.push(invalid(`status.storedVersions[${i}]`, version, "must appear in spec.versions"));
  }
  return errors;
}

const isEstablished = ({ status }: Crd): boolean =>
  status?.conditions?.some(({ type, status: value }) => type === "Established" && value === "True") ?? false;

export function validateUpdate({ spec }: Crd, old: Crd): FieldError[] {
  const before = old.spec;
  const errors: FieldError[] = [];
  if (isEstablished(old)) {
    errors.push(...unchanged("spec.scope", spec.scope, before.scope));
    errors.push(...unchanged("spec.names.kind", spec.names.kind, before.names.kind));
  }
  errors.push(...unchanged("spec.group", spec.group, before.group));
  return [...errors, ...unchanged("spec.names.plural", spec.names.plural, before.names.plural)];
}

export function validateStatus({ spec, status }: Crd): FieldError[] {
  const versions = spec.versions ?? [];
  const stored = status?.storedVersions ?? [];
  const errors =
    stored.length === 0 ? [invalid("status.storedVersions", stored, "must have at least one stored version")] : [];
  const known = new Set(versions.map(({ name }) => name));
  const storage = versions.find((version) => version.storage)?.name;
  for (const [i, version] of stored.entries()) {
    const field = `status.storedVersions[${i}]`;
    if (!known.has(version)) errors.push(invalid(field, version, "must appear in spec.versions"));
    if (stored.indexOf(version) < i) errors.push(duplicate(field, version));
  }
  if (storage && !stored.includes(storage)) {
    errors.push(invalid("status.storedVersions", stored, `must have the storage version ${storage}`));
  }
  return errors;
}
