import { dnsSubdomain, forbidden, invalid, required, sameJson, type FieldError, type VolumeAttachment } from "#objects";
import { each } from "../common/checks.ts";
import { AGE, boolean, text } from "../common/columns.ts";
import { define, served } from "../common/define.ts";
import { csiDriverNameErrors } from "../core/volume-sources.ts";
import { CLIENT_METADATA } from "../../definition.ts";

const ONE_OF = "must specify exactly one of inlineVolumeSpec and persistentVolumeName";

function sourceErrors({ spec }: VolumeAttachment): FieldError[] {
  const { inlineVolumeSpec, persistentVolumeName } = spec?.source ?? {};
  if (inlineVolumeSpec && persistentVolumeName !== undefined) return [forbidden("spec.source", ONE_OF)];
  if (inlineVolumeSpec) return [];
  if (persistentVolumeName === undefined) return [required("spec.source", ONE_OF)];
  return persistentVolumeName === ""
    ? [required("spec.source.persistentVolumeName", "must specify non empty persistentVolumeName")]
    : [];
}

export const volumeAttachments = define<VolumeAttachment>({
  group: "storage.k8s.io",
  resource: "volumeattachments",
  singular: "volumeattachment",
  kind: "VolumeAttachment",
  namespaced: false,
  storageVersion: "v1",
  versions: [served("storage", "v1", "VolumeAttachment")],
  returnsDeletedObject: true,
  requiresResourceVersionOnUpdate: true,
  hasStatus: true,
  statusResetFields: CLIENT_METADATA,
  applyDefaults(draft) {
    (draft.status ??= { attached: false }).attached ??= false;
  },
  prepareForCreate(draft) {
    draft.status = { attached: false };
  },
  validate: (object) => [
    ...csiDriverNameErrors("spec.attacher", object.spec?.attacher ?? ""),
    ...sourceErrors(object),
    ...each("spec.nodeName", object.spec?.nodeName ?? "", dnsSubdomain(object.spec?.nodeName ?? "")),
  ],
  validateUpdate: ({ spec }, old) => (sameJson(spec, old.spec) ? [] : [invalid("spec", spec, "field is immutable")]),
  columns: [
    text("Attacher", ({ spec }) => spec.attacher, { format: "name" }),
    text("PV", ({ spec }) => spec.source.persistentVolumeName ?? ""),
    text("Node", ({ spec }) => spec.nodeName),
    boolean("Attached", ({ status }) => status?.attached ?? false),
    AGE,
  ],
});
