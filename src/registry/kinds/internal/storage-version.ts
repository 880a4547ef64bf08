import type { V1alpha1StorageVersion } from "#objects";
import { AGE, text } from "../common/columns.ts";
import { define, served } from "../common/define.ts";
import { listed } from "../common/lists.ts";
import { CLIENT_METADATA } from "../../definition.ts";

export const storageVersions = define<V1alpha1StorageVersion>({
  group: "internal.apiserver.k8s.io",
  resource: "storageversions",
  singular: "storageversion",
  kind: "StorageVersion",
  namespaced: false,
  storageVersion: "v1alpha1",
  versions: [served("apiserverinternal", "v1alpha1", "StorageVersion")],
  requiresResourceVersionOnUpdate: true,
  hasStatus: true,
  statusResetFields: CLIENT_METADATA,
  applyDefaults(draft) {
    draft.spec ??= {};
    draft.status ??= {};
  },
  prepareForCreate(draft) {
    draft.status = {};
  },
  columns: [
    text("CommonEncodingVersion", ({ status }) => status?.commonEncodingVersion ?? "<unset>"),
    text("StorageVersions", ({ status }) =>
      listed(
        (status?.storageVersions ?? []).map(({ apiServerID, encodingVersion }) => `${apiServerID}=${encodingVersion}`),
        "<unset>",
      ),
    ),
    AGE,
  ],
});
