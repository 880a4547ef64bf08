import { invalid, required, sameJson, type FieldError, type V1beta1StorageVersionMigration } from "#objects";
import { text } from "../common/columns.ts";
import { define, served } from "../common/define.ts";

type Migration = V1beta1StorageVersionMigration;

const STATES = ["Succeeded", "Failed", "Running"];

const validate = ({ spec }: Migration): FieldError[] =>
  spec?.resource?.resource ? [] : [required("spec.resource.resource", "resource is required")];

function resource({ spec }: Migration): string {
  const { group, resource: name } = spec?.resource ?? { group: "", resource: "" };
  return group ? `${name}.${group}` : name;
}

export const storageVersionMigrations = define<Migration>({
  group: "storagemigration.k8s.io",
  resource: "storageversionmigrations",
  singular: "storageversionmigration",
  kind: "StorageVersionMigration",
  namespaced: false,
  storageVersion: "v1beta1",
  versions: [served("storagemigration", "v1beta1", "StorageVersionMigration")],
  requiresResourceVersionOnUpdate: true,
  hasStatus: true,
  applyDefaults(draft) {
    draft.status ??= {};
  },
  prepareForCreate(draft) {
    draft.status = {};
  },
  validate,
  validateUpdate: ({ spec }, old) => (sameJson(spec, old.spec) ? [] : [invalid("spec", spec, "field is immutable")]),
  columns: [
    text("Name", ({ metadata }) => metadata.name ?? ""),
    text("Resource", resource),
    text("Status", ({ status }) => {
      const on = (status?.conditions ?? []).filter((condition) => condition.status === "True").map(({ type }) => type);
      return STATES.find((state) => on.includes(state)) ?? "";
    }),
  ],
});
