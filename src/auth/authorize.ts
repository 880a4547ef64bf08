import type { Attributes, Authorizer, Decision, Rules } from "./contract.ts";
import { MASTERS, type UserInfo } from "./user.ts";

const NO_OPINION: Decision = { decision: "no-opinion", reason: "" };
const ALLOW: Decision = { decision: "allow", reason: "" };

/** Asks each in turn until one allows or denies (apiserver authorization/union). */
export function authorizers(...chain: readonly Authorizer[]): Authorizer {
  return {
    async authorize(attributes) {
      const reasons: string[] = [];
      for (const authorizer of chain) {
        const answer = await authorizer.authorize(attributes);
        if (answer.decision !== "no-opinion") return answer;
        if (answer.reason) reasons.push(answer.reason);
      }
      return reasons.length === 0 ? NO_OPINION : { decision: "no-opinion", reason: reasons.join("\n") };
    },
    async rules(user, namespace) {
      const all = await Promise.all(
        chain.map(async (authorizer): Promise<Rules> => (await authorizer.rules?.(user, namespace)) ?? UNKNOWN_RULES),
      );
      return {
        resourceRules: all.flatMap((rules) => rules.resourceRules),
        nonResourceRules: all.flatMap((rules) => rules.nonResourceRules),
        incomplete: all.some((rules) => rules.incomplete),
      };
    },
  };
}

const UNKNOWN_RULES: Rules = { resourceRules: [], nonResourceRules: [], incomplete: true };

/** Members of a group may do everything. */
export function privilegedGroup(group: string = MASTERS): Authorizer {
  return {
    authorize: ({ user }) => (user.groups.includes(group) ? ALLOW : NO_OPINION),
    rules: (user: UserInfo) =>
      user.groups.includes(group)
        ? {
            resourceRules: [{ verbs: ["*"], apiGroups: ["*"], resources: ["*"] }],
            nonResourceRules: [{ verbs: ["*"], nonResourceURLs: ["*"] }],
            incomplete: false,
          }
        : { resourceRules: [], nonResourceRules: [], incomplete: false },
  };
}

/** Paths that answer everybody: health and version (upstream's system:public-info-viewer). */
const PUBLIC_PATHS = /^\/(healthz|livez|readyz|version)\/?$/;

/** Everybody may ask whether the server is well and which version it is. */
export const publicPaths: Authorizer = {
  authorize: ({ isResource, verb, path }) =>
    !isResource && (verb === "get" || verb === "head") && PUBLIC_PATHS.test(path) ? ALLOW : NO_OPINION,
  rules: () => ({
    resourceRules: [],
    nonResourceRules: [{ verbs: ["get"], nonResourceURLs: ["/healthz", "/livez", "/readyz", "/version", "/version/"] }],
    incomplete: false,
  }),
};

/** Reviews of oneself, which upstream grants to all known users (system:basic-user). */
const SELF_REVIEWS = new Set([
  "authorization.k8s.io/selfsubjectaccessreviews",
  "authorization.k8s.io/selfsubjectrulesreviews",
  "authentication.k8s.io/selfsubjectreviews",
]);

/** Everybody who is known may ask what they are and what they may do. */
export const selfReviews: Authorizer = {
  authorize: ({ user, verb, isResource, group, resource }) =>
    isResource &&
    verb === "create" &&
    SELF_REVIEWS.has(`${group}/${resource}`) &&
    user.groups.includes("system:authenticated")
      ? ALLOW
      : NO_OPINION,
  rules: () => ({
    resourceRules: [
      {
        verbs: ["create"],
        apiGroups: ["authorization.k8s.io"],
        resources: ["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
      },
      { verbs: ["create"], apiGroups: ["authentication.k8s.io"], resources: ["selfsubjectreviews"] },
    ],
    nonResourceRules: [],
    incomplete: false,
  }),
};

/** What a refusal says: `User "x" cannot get resource "pods" in API group "" in the namespace "y"`. */
export function refusal(attributes: Attributes, reason: string): string {
  const { user, verb, path, isResource, group, resource, subresource, namespace } = attributes;
  const who = `User ${JSON.stringify(user.username)} cannot ${verb}`;
  const what = isResource
    ? `resource ${JSON.stringify(subresource ? `${resource}/${subresource}` : resource)} in API group ${JSON.stringify(group)} ${
        namespace ? `in the namespace ${JSON.stringify(namespace)}` : "at the cluster scope"
      }`
    : `path ${JSON.stringify(path)}`;
  const text = `${who} ${what}`.replace(/[&<>]/g, (c) => (c === "&" ? "&amp;" : c === "<" ? "&lt;" : "&gt;"));
  return reason ? `${text}: ${reason}` : text;
}
