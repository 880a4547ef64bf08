import { jsonText, type CustomResourceDefinition, type Draft } from "#objects";
import { CREATED_AT } from "../common/columns.ts";
import { define, servedAs } from "../common/define.ts";
import { unknownFormats } from "./schema-rules.ts";
import { validate, validateCreate, validateStatus, validateUpdate } from "./validate.ts";
import { CLIENT_METADATA } from "../../definition.ts";

const DEFAULT_PORT = 443;

function applyDefaults(draft: Draft<CustomResourceDefinition>): void {
  const { spec } = draft;
  if (!spec) return;
  const names = (spec.names ??= { kind: "", plural: "" });
  names.singular ||= names.kind.toLowerCase();
  if (!names.listKind && names.kind) names.listKind = `${names.kind}List`;
  const conversion = (spec.conversion ??= { strategy: "None" });
  const service = conversion.webhook?.clientConfig?.service;
  if (service) service.port ??= DEFAULT_PORT;
  draft.status ??= {};
}

/** What all versions say alike upstream looks at once. */
function formatsOf({ spec }: CustomResourceDefinition): readonly string[] {
  const schemas = new Map(
    (spec?.versions ?? []).flatMap(({ schema }) =>
      schema?.openAPIV3Schema ? [[jsonText(schema.openAPIV3Schema), schema.openAPIV3Schema] as const] : [],
    ),
  );
  return [...schemas.values()].flatMap(unknownFormats);
}

/** The versions in which objects may lie in the store. */
const storageVersions = ({ spec }: Draft<CustomResourceDefinition>): string[] =>
  (spec?.versions ?? []).filter(({ storage }) => storage).map(({ name }) => name);

export const customResourceDefinitions = define<CustomResourceDefinition>({
  group: "apiextensions.k8s.io",
  resource: "customresourcedefinitions",
  singular: "customresourcedefinition",
  kind: "CustomResourceDefinition",
  shortNames: ["crd", "crds"],
  categories: ["api-extensions"],
  namespaced: false,
  storageVersion: "v1",
  versions: [servedAs("v1", "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition")],
  requiresResourceVersionOnUpdate: true,
  hasStatus: true,
  statusResetFields: CLIENT_METADATA,
  hasGeneration: true,
  applyDefaults,
  prepareForCreate(draft) {
    draft.status = { acceptedNames: { kind: "", plural: "" }, storedVersions: storageVersions(draft) };
  },
  prepareForUpdate(draft, old) {
    const stored = old.status?.storedVersions ?? [];
    const added = storageVersions(draft).filter((version) => !stored.includes(version));
    if (added.length === 0) return;
    draft.status = {
      ...(old.status as Draft<CustomResourceDefinition>["status"]),
      storedVersions: [...stored, ...added],
    };
  },
  validate,
  validateCreate,
  validateUpdate,
  warnings(crd, old) {
    const known = new Set(old ? formatsOf(old) : []);
    return formatsOf(crd).flatMap((format) =>
      known.has(format) ? [] : [`unrecognized format ${JSON.stringify(format)}`],
    );
  },
  validateStatusUpdate: validateStatus,
  columns: [CREATED_AT],
});
