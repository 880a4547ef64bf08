import { required, type ControllerRevision } from "#objects";
import { nonNegative, unchanged } from "../common/checks.ts";
import { AGE, integer, text } from "../common/columns.ts";
import { define, served } from "../common/define.ts";

/** Source: upstream pkg/apis/apps/validation ValidateControllerRevision. */
export const controllerRevisions = define<ControllerRevision>({
  group: "apps",
  resource: "controllerrevisions",
  singular: "controllerrevision",
  kind: "ControllerRevision",
  namespaced: true,
  storageVersion: "v1",
  versions: [served("apps", "v1", "ControllerRevision")],
  requiresResourceVersionOnUpdate: false,
  validate: ({ data, revision }) => [
    ...(data === undefined || data === null ? [required("data", "data is mandatory")] : []),
    ...nonNegative("revision", revision),
  ],
  validateUpdate: ({ data }, old) => unchanged("data", data, old.data),
  columns: [
    text("Controller", controllerText, { description: "What the revision belongs to" }),
    integer("Revision", ({ revision }) => revision, { description: "Counts the revisions of its controller" }),
    AGE,
  ],
});

/** `daemonset.apps/fluentd`, or `<none>`. */
function controllerText({ metadata }: ControllerRevision): string {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller);
  if (!owner) return "<none>";
  const slash = owner.apiVersion.indexOf("/");
  const group = slash < 0 ? "" : `.${owner.apiVersion.slice(0, slash)}`;
  return `${owner.kind.toLowerCase()}${group}/${owner.name}`;
}
