import type { KubeObject } from "#objects";
import type { ResourceDefinition } from "../../definition.ts";
import { define, served } from "../common/define.ts";

/** A question: only POSTed, answered, never stored. Who answers fills in `compute`. */
const review = (kind: string): ResourceDefinition =>
  define<KubeObject>({
    group: "authentication.k8s.io",
    resource: `${kind.toLowerCase()}s`,
    singular: kind.toLowerCase(),
    kind,
    namespaced: false,
    storageVersion: "v1",
    versions: [served("authentication", "v1", kind)],
    verbs: ["create"],
  });

export const AUTHENTICATION_KINDS: readonly ResourceDefinition[] = [review("SelfSubjectReview"), review("TokenReview")];
