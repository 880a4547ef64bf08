import {
  invalid,
  type KubeObject,
  type LocalSubjectAccessReview,
  type SelfSubjectAccessReview,
  type SelfSubjectRulesReview,
  type SubjectAccessReview,
} from "#objects";
import type { ResourceDefinition } from "../../definition.ts";
import { define, served } from "../common/define.ts";
import { accessErrors, subjectErrors } from "./validate.ts";

/** A question: only POSTed, answered, never stored. Who answers fills in `compute`. */
const review = <T extends KubeObject>(kind: string, namespaced: boolean, validate: ResourceDefinition<T>["validate"]) =>
  define<T>({
    group: "authorization.k8s.io",
    resource: `${kind.toLowerCase()}s`,
    singular: kind.toLowerCase(),
    kind,
    namespaced,
    storageVersion: "v1",
    versions: [served("authorization", "v1", kind)],
    verbs: ["create"],
    ...(validate ? { validate } : {}),
  });

export const AUTHORIZATION_KINDS: readonly ResourceDefinition[] = [
  review<LocalSubjectAccessReview>("LocalSubjectAccessReview", true, ({ metadata, spec }) => {
    const errors = [...accessErrors(spec), ...subjectErrors(spec)];
    const asked = spec.resourceAttributes?.namespace ?? "";
    if (spec.nonResourceAttributes) {
      const detail = "disallowed on this kind of request";
      errors.push(invalid("spec.nonResourceAttributes", spec.nonResourceAttributes, detail));
    }
    if (asked !== (metadata.namespace ?? "")) {
      errors.push(invalid("spec.resourceAttributes.namespace", asked, "must match metadata.namespace"));
    }
    return errors;
  }),
  review<SelfSubjectAccessReview>("SelfSubjectAccessReview", false, ({ spec }) => accessErrors(spec)),
  review<SelfSubjectRulesReview>("SelfSubjectRulesReview", false, undefined),
  review<SubjectAccessReview>("SubjectAccessReview", false, ({ spec }) => [
    ...accessErrors(spec),
    ...subjectErrors(spec),
  ]),
];
