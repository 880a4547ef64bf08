import { dnsLabel, invalid, qualifiedName, type Draft, type FieldError, type Namespace } from "#objects";
import { each } from "../common/checks.ts";
import { AGE, text } from "../common/columns.ts";
import { define, served } from "../common/define.ts";

const NAME_LABEL = "kubernetes.io/metadata.name";
const OWN_FINALIZER = "kubernetes";
const STANDARD_FINALIZERS: readonly string[] = [OWN_FINALIZER, "orphan", "foregroundDeletion"];

function setNameLabel(draft: Draft<Namespace>): void {
  // A generated name is not known yet when the defaults are filled in.
  if (draft.metadata.name) (draft.metadata.labels ??= {})[NAME_LABEL] = draft.metadata.name;
}

function finalizerErrors(field: string, name: string): FieldError[] {
  const errors = each(field, name, qualifiedName(name));
  if (!name.includes("/") && !STANDARD_FINALIZERS.includes(name)) {
    errors.push(invalid(field, name, "name is neither a standard finalizer name nor is it fully qualified"));
  }
  return errors;
}

function validateStatusUpdate({ metadata, status }: Namespace): FieldError[] {
  const phase = status?.phase ?? "";
  if (metadata.deletionTimestamp) {
    return phase === "Terminating"
      ? []
      : [invalid("status.Phase", phase, "may only be 'Terminating' if `deletionTimestamp` is not empty")];
  }
  return phase === "Active"
    ? []
    : [invalid("status.Phase", phase, "may only be 'Active' if `deletionTimestamp` is empty")];
}

export const namespaces = define<Namespace>({
  group: "",
  resource: "namespaces",
  singular: "namespace",
  kind: "Namespace",
  shortNames: ["ns"],
  namespaced: false,
  storageVersion: "v1",
  versions: [served("core", "v1", "Namespace")],
  verbs: ["create", "delete", "get", "list", "patch", "update", "watch"],
  nameErrors: dnsLabel,
  hasStatus: true,
  applyDefaults(draft) {
    setNameLabel(draft);
    draft.spec ??= {};
    (draft.status ??= {}).phase ||= "Active";
  },
  prepareForCreate(draft) {
    setNameLabel(draft);
    draft.status = { phase: "Active" };
    const finalizers = ((draft.spec ??= {}).finalizers ??= []);
    if (!finalizers.includes(OWN_FINALIZER)) finalizers.push(OWN_FINALIZER);
  },
  prepareForUpdate(draft, old) {
    draft.spec = { ...draft.spec };
    if (old.spec?.finalizers) draft.spec.finalizers = [...old.spec.finalizers];
    else delete draft.spec.finalizers;
  },
  validate: ({ spec }) => (spec?.finalizers ?? []).flatMap((name) => finalizerErrors("spec.finalizers", name)),
  validateStatusUpdate,
  isHeld: ({ spec }) => (spec?.finalizers?.length ?? 0) > 0,
  prepareForDeletion(draft) {
    draft.status = { ...draft.status, phase: "Terminating" };
  },
  subresources: {
    finalize: {
      type: "update",
      verbs: ["update"],
      prepareForUpdate(draft, old) {
        const finalizers = draft.spec?.finalizers;
        draft.spec = { ...old.spec, finalizers: finalizers ?? [] } as Draft<Namespace>["spec"];
        draft.status = old.status as Draft<Namespace>["status"];
      },
      validateUpdate: ({ spec }) =>
        (spec?.finalizers ?? []).flatMap((name, i) => finalizerErrors(`spec.finalizers[${i}]`, name)),
    },
  },
  selectableFields: {
    name: ({ metadata }) => metadata.name ?? "",
    "status.phase": ({ status }) => status?.phase ?? "",
  },
  columns: [text("Status", ({ status }) => status?.phase ?? ""), AGE],
});
