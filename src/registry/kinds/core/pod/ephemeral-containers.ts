import { forbidden, type FieldError, type Pod } from "#objects";
import type { UpdateSubresource } from "../../../definition.ts";
import { differences, formatDifferences } from "./diff.ts";
import { takeAllFrom } from "./resize.ts";
import { MIRROR_POD } from "./validation/annotations.ts";
import { validatePod } from "./validation/pod.ts";

/** `pods/ephemeralcontainers`: adds containers to a running pod, as `kubectl debug` does. */
export const ephemeralContainers: UpdateSubresource<Pod> = {
  type: "update",
  resetFields: { only: [["spec", "ephemeralContainers"]] },
  prepareForUpdate(draft, old) {
    const added = draft.spec?.ephemeralContainers;
    takeAllFrom(draft, old);
    if (!draft.spec) return;
    if (added) draft.spec.ephemeralContainers = added;
    else delete draft.spec.ephemeralContainers;
  },
  validateUpdate,
};

/** Source: upstream ValidatePodEphemeralContainersUpdate. */
function validateUpdate(pod: Pod, old: Pod): FieldError[] {
  if (old.metadata.annotations?.[MIRROR_POD] !== undefined) {
    return [forbidden("", "static pods do not support ephemeral containers")];
  }
  const path = "spec.ephemeralContainers";
  const byName = new Map((pod.spec?.ephemeralContainers ?? []).map((container) => [container.name, container]));
  return [
    ...validatePod(pod),
    ...(old.spec?.ephemeralContainers ?? []).flatMap((before) => {
      const existing = `existing ephemeral containers ${JSON.stringify(before.name)}`;
      const after = byName.get(before.name);
      if (!after) return [forbidden(path, `${existing} may not be removed\n`)];
      const found = differences(before, after, path);
      return found.length > 0 ? [forbidden(path, `${existing} may not be changed\n${formatDifferences(found)}`)] : [];
    }),
  ];
}
