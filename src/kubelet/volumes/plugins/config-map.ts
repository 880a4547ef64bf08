import { configMapPayload } from "../payload/keys.ts";
import { DEFAULT_MODE } from "../payload/payload.ts";
import { required } from "../payload/projected.ts";
import type { FilesKind } from "./files.ts";

/** The keys of a ConfigMap. */
export const configMapFiles: FilesKind = {
  directory: "kubernetes.io~configmap",
  supports: ({ configMap }) => configMap !== undefined,
  medium: "disk",
  collector:
    ({ configMap = {} }, sources) =>
    async () => {
      const found = await sources.configMap(configMap.name ?? "");
      const object = required("configmap", configMap, found);
      return { payload: configMapPayload(object, { defaultMode: DEFAULT_MODE, ...configMap }) };
    },
};
