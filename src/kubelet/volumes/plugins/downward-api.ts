import type { Quantities } from "#kubelet";
import { downwardPayload } from "../payload/downward.ts";
import { DEFAULT_MODE } from "../payload/payload.ts";
import type { FilesKind } from "./files.ts";

/** The pod's own fields, as files. */
export const downwardApiFiles = (allocatable: () => Quantities): FilesKind => ({
  directory: "kubernetes.io~downward-api",
  supports: ({ downwardAPI }) => downwardAPI !== undefined,
  medium: "disk",
  collector: ({ downwardAPI }) => {
    const { items = [], defaultMode = DEFAULT_MODE } = downwardAPI ?? {};
    return (pod) => Promise.resolve({ payload: downwardPayload(items, pod, allocatable(), defaultMode) });
  },
});
