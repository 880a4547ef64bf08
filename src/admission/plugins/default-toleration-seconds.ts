import type { AdmissionPlugin } from "../contract.ts";
import { isPod, podOf } from "./pods.ts";

const SECONDS = 300;
const TAINTS = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];

/** Pods stay five minutes on a node that is lost, unless they say otherwise (plugin/pkg/admission/defaulttolerationseconds). */
export const defaultTolerationSeconds: AdmissionPlugin = {
  name: "DefaultTolerationSeconds",
  handles: (attributes) =>
    isPod(attributes) &&
    attributes.subresource === "" &&
    (attributes.operation === "CREATE" || attributes.operation === "UPDATE"),
  mutate(draft) {
    const { spec } = podOf(draft);
    if (!spec) return;
    const missing = TAINTS.filter(
      (taint) =>
        !spec.tolerations?.some(({ key, effect }) => (!key || key === taint) && (!effect || effect === "NoExecute")),
    );
    for (const key of missing) {
      (spec.tolerations ??= []).push({ key, operator: "Exists", effect: "NoExecute", tolerationSeconds: SECONDS });
    }
  },
};
