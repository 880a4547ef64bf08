import {
  byteLength,
  dns1035Label,
  dnsSubdomain,
  duplicate,
  forbidden,
  invalid,
  notSupported,
  required,
  sameJson,
  tooMany,
  type CustomResourceColumnDefinition,
  type CustomResourceDefinition,
  type CustomResourceDefinitionNames,
  type CustomResourceDefinitionVersion,
  type CustomResourceSubresources,
  type FieldError,
  type JSONSchemaProps,
} from "#objects";
import { each, oneOf, present, unchanged } from "../common/checks.ts";
import { repeats } from "../common/repeats.ts";
import { clientConfigErrors } from "../common/webhook-client.ts";
import { schemaErrors } from "./schema-rules.ts";

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

function columnErrors(field: string, columns: readonly CustomResourceColumnDefinition[] = []): FieldError[] {
  return columns.flatMap(({ name, type, format, jsonPath }, i) => {
    const path = `${field}[${i}]`;
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

/** What a version says of its objects. What all versions say alike upstream reads, and names, as said once. */
interface Saying {
  readonly schema?: CustomResourceDefinitionVersion["schema"];
  readonly subresources?: CustomResourceDefinitionVersion["subresources"];
  readonly columns?: CustomResourceDefinitionVersion["additionalPrinterColumns"];
  readonly selectable?: CustomResourceDefinitionVersion["selectableFields"];
}

const sayingOf = (version: CustomResourceDefinitionVersion): Saying => ({
  ...(version.schema ? { schema: version.schema } : {}),
  ...(version.subresources ? { subresources: version.subresources } : {}),
  ...(version.additionalPrinterColumns ? { columns: version.additionalPrinterColumns } : {}),
  ...(version.selectableFields ? { selectable: version.selectableFields } : {}),
});

/** What all versions say, and what each says beside it. */
function common(versions: readonly CustomResourceDefinitionVersion[]): { shared: Saying; own: readonly Saying[] } {
  const sayings = versions.map(sayingOf);
  const [first = {}] = sayings;
  const names = (["schema", "subresources", "columns", "selectable"] as const).filter((name) =>
    sayings.every((saying) => sameJson(saying[name], first[name])),
  );
  const pick = (saying: Saying, shared: boolean) =>
    Object.fromEntries(
      Object.entries(saying).filter(([name]) => names.includes(name as (typeof names)[number]) === shared),
    ) as Saying;
  return { shared: pick(first, true), own: sayings.map((saying) => pick(saying, false)) };
}

function sayingErrors(field: string, schemaField: string, saying: Saying, hasStatus: boolean): FieldError[] {
  const { schema, subresources, columns } = saying;
  const root = schema?.openAPIV3Schema;
  const path = `${field}.${schemaField}.openAPIV3Schema`;
  return [
    ...(root && hasStatus && root.type && root.type !== "object"
      ? [
          invalid(
            `${path}.type`,
            root.type,
            'only "object" is allowed as the type at the root of the schema if the status subresource is enabled',
          ),
        ]
      : []),
    ...(root ? schemaErrors(path, root) : []),
    ...(subresources ? subresourceErrors(`${field}.subresources`, subresources) : []),
    ...columnErrors(`${field}.additionalPrinterColumns`, columns),
    ...(saying.selectable?.length && !root
      ? [
          invalid(
            `${field}.selectableFields`,
            "",
            schemaField === "validation"
              ? "may only be set when validations.schema is included"
              : "may only be set when `version.schema.openAPIV3Schema` is not included",
          ),
        ]
      : selectableErrors(`${field}.selectableFields`, saying)),
  ];
}

const MAX_SELECTABLE_FIELDS = 8;

function selectableErrors(field: string, { selectable = [], schema }: Saying): FieldError[] {
  if (selectable.length === 0) return [];
  const root = schema?.openAPIV3Schema;
  const seen = new Set<string>();
  const errors = selectable.flatMap(({ jsonPath }, i) => {
    const path = `${field}[${i}].jsonPath`;
    if (!jsonPath) return [required(path)];
    const found: FieldError[] = [];
    if (/^\.metadata(\.|$)/.test(jsonPath)) found.push(invalid(path, jsonPath, "must not point to fields in metadata"));
    const type = root && schemaAt(root, jsonPath)?.type;
    if (root && (type === undefined || !["string", "boolean", "integer"].includes(type))) {
      const text =
        "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.";
      found.push(invalid(path, jsonPath, text));
    }
    if (seen.has(jsonPath)) found.push(duplicate(path, jsonPath));
    seen.add(jsonPath);
    return found;
  });
  return seen.size > MAX_SELECTABLE_FIELDS ? [...errors, tooMany(field, seen.size, MAX_SELECTABLE_FIELDS)] : errors;
}

/** The schema of the field at a path like `.spec.color`. */
const schemaAt = (root: JSONSchemaProps, path: string): JSONSchemaProps | undefined =>
  path
    .split(".")
    .slice(1)
    .reduce<JSONSchemaProps | undefined>((schema, name) => schema?.properties?.[name], root);

const MAX_WARNING = 256;

function deprecationErrors(field: string, { deprecated, deprecationWarning }: CustomResourceDefinitionVersion) {
  if (deprecationWarning === undefined) return [];
  const refuse = (text: string) => [invalid(`${field}.deprecationWarning`, deprecationWarning, text)];
  if (!deprecated) return refuse("can only be set for deprecated versions");
  if (deprecationWarning === "") return refuse("must not be an empty string");
  const length =
    byteLength(deprecationWarning) > MAX_WARNING ? refuse(`must be <= ${MAX_WARNING} characters long`) : [];
  const odd = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.exec(deprecationWarning);
  if (!odd) return length;
  const at = byteLength(deprecationWarning.slice(0, odd.index));
  const text = `must only contain printable UTF-8 characters; non-printable character found at index ${at}`;
  return [...length, ...refuse(text)];
}

function versionsErrors(
  versions: readonly CustomResourceDefinitionVersion[],
  own: readonly Saying[],
  shared: Saying,
): FieldError[] {
  const field = "spec.versions";
  const errors = versions.flatMap(({ schema }, i) =>
    schema?.openAPIV3Schema ? [] : [required(`${field}[${i}].schema.openAPIV3Schema`)],
  );
  for (const [i, version] of versions.entries()) {
    const path = `${field}[${i}]`;
    const saying = own[i] ?? {};
    errors.push(
      ...each(`${path}.name`, version.name, dns1035Label(version.name ?? "")),
      ...deprecationErrors(path, version),
      ...sayingErrors(path, "schema", saying, (saying.subresources ?? shared.subresources)?.status !== undefined),
    );
  }
  const names = versions.map(({ name }) => name);
  if (new Set(names).size < names.length) errors.push(invalid(field, versions, "must contain unique version names"));
  if (versions.filter(({ storage }) => storage).length !== 1) {
    errors.push(invalid(field, versions, "must have exactly one version marked as storage version"));
  }
  return errors;
}

const APPROVAL = "api-approved.kubernetes.io";

/** The groups of the Kubernetes community are for APIs that it has approved. */
function approvalErrors({ metadata, spec }: Crd, old?: Crd): FieldError[] {
  const { group = "" } = spec;
  if (!/(^|\.)(k8s|kubernetes)\.io$/.test(group)) return [];
  const state = approvalOf(metadata.annotations?.[APPROVAL]);
  if (old && approvalOf(old.metadata.annotations?.[APPROVAL]) === state) return [];
  const path = `metadata.annotations[${APPROVAL}]`;
  const more = ", see https://github.com/kubernetes/enhancements/pull/1111";
  const must = `protected groups must have approval annotation ${JSON.stringify(APPROVAL)}`;
  if (state === "missing") return [required(path, `${must}${more}`)];
  return state === "invalid"
    ? [
        invalid(
          path,
          metadata.annotations?.[APPROVAL],
          `${must} with either a URL or a reason starting with "unapproved"${more}`,
        ),
      ]
    : [];
}

function approvalOf(value = ""): "missing" | "bypassed" | "approved" | "invalid" {
  if (value === "") return "missing";
  if (value.startsWith("unapproved")) return "bypassed";
  return /^[a-z][a-z0-9+.-]*:\/\/[^/?#\s]+/i.test(value) ? "approved" : "invalid";
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

/** ValidateCustomResourceDefinition; what schemas of one version say of defaults and CEL is left to their evaluation. */
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
  const { shared, own } = common(versions);
  errors.push(
    ...versionsErrors(versions, own, shared),
    ...nameErrors("spec.names", names),
    ...sayingErrors(
      "spec",
      "validation",
      shared,
      versions.some(({ subresources }) => subresources?.status !== undefined),
    ),
    ...conversionErrors(crd),
  );
  const known = new Set(versions.map(({ name }) => name));
  for (const [i, version] of (status?.storedVersions ?? []).entries()) {
    if (!known.has(version))
      errors.push(invalid(`status.storedVersions[${i}]`, version, "must appear in spec.versions"));
  }
  if (preserveUnknownFields) {
    const text =
      "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead";
    errors.push(invalid("spec.preserveUnknownFields", true, text));
  }
  return errors;
}

/** Of a new one. */
export const validateCreate = (crd: Crd): FieldError[] => (crd.spec ? approvalErrors(crd) : []);

const isEstablished = ({ status }: Crd): boolean =>
  status?.conditions?.some(({ type, status: value }) => type === "Established" && value === "True") ?? false;

export function validateUpdate(crd: Crd, old: Crd): FieldError[] {
  const { spec } = crd;
  const before = old.spec;
  const errors: FieldError[] = approvalErrors(crd, old);
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
  const repeated = repeats(stored);
  for (const [i, version] of stored.entries()) {
    const field = `status.storedVersions[${i}]`;
    if (!known.has(version)) errors.push(invalid(field, version, "must appear in spec.versions"));
    if (repeated[i]) errors.push(duplicate(field, version));
  }
  if (storage && !stored.includes(storage)) {
    errors.push(invalid("status.storedVersions", stored, `must have the storage version ${storage}`));
  }
  return errors;
}
