import { secretPayload } from "../payload/keys.ts";
import { DEFAULT_MODE } from "../payload/payload.ts";
import { required } from "../payload/projected.ts";
import type { FilesKind } from "./files.ts";

/** The keys of a Secret, in memory. */
export const secretFiles: FilesKind = {
  directory: "kubernetes.io~secret",
  supports: ({ secret }) => secret !== undefined,
  medium: "memory",
  collector:
    ({ secret = {} }, sources) =>
    async () => {
      const { secretName: name = "", optional = false } = secret;
      const found = await sources.secret(name);
      const object = required("secret", { name, optional }, found);
      return { payload: secretPayload(object, { defaultMode: DEFAULT_MODE, ...secret }) };
    },
};
