import type { UserInfo } from "#http";
import type { Attributes, Authorizer, Decision, Rules } from "./contract.ts";
import { AUTHENTICATED, MASTERS, UNAUTHENTICATED } from "./user.ts";

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

/** Members of any of these groups may get these paths; one that ends in `*` stands for all that begin like it. */
function readers(groups: readonly string[], urls: readonly string[]): Authorizer {
  const exact = new Set(urls);
  const prefixes = urls.filter((url) => url.endsWith("*")).map((url) => url.slice(0, -1));
  const rules: Rules = {
    resourceRules: [],
    nonResourceRules: [{ verbs: ["get"], nonResourceURLs: urls }],
    incomplete: false,
  };
  const isMember = (user: UserInfo) => user.groups.some((group) => groups.includes(group));
  return {
    authorize: ({ user, isResource, verb, path }) =>
      !isResource &&
      verb === "get" &&
      (exact.has(path) || prefixes.some((prefix) => path.startsWith(prefix))) &&
      isMember(user)
        ? ALLOW
        : NO_OPINION,
    rules: (user) => (isMember(user) ? rules : NO_RULES),
  };
}

const NO_RULES: Rules = { resourceRules: [], nonResourceRules: [], incomplete: false };

const PUBLIC_URLS = ["/healthz", "/livez", "/readyz", "/version", "/version/"];

/** Every client may ask whether the server is well and which version it is (upstream's system:public-info-viewer). */
export const publicPaths = readers([AUTHENTICATED, UNAUTHENTICATED], PUBLIC_URLS);

/** Every known user may ask what is served (upstream's system:discovery). */
export const discoveryPaths = readers(
  [AUTHENTICATED],
  [...PUBLIC_URLS, "/openapi", "/openapi/*", "/api", "/api/*", "/apis", "/apis/*"],
);

/** Service accounts may get what their tokens are checked with (upstream's system:service-account-issuer-discovery). */
export const issuerPaths = readers(
  ["system:serviceaccounts"],
  ["/.well-known/openid-configuration", "/.well-known/openid-configuration/", "/openid/v1/jwks", "/openid/v1/jwks/"],
);

/** Reviews of oneself, which upstream grants to all known users (system:basic-user). */
const SELF_REVIEWS = new Set([
  "authorization.k8s.io/selfsubjectaccessreviews",
  "authorization.k8s.io/selfsubjectrulesreviews",
  "authentication.k8s.io/selfsubjectreviews",
]);

/** Every authenticated user may ask who they are and what they may do. */
export const selfReviews: Authorizer = {
  authorize: ({ user, verb, isResource, group, resource }) =>
    isResource && verb === "create" && SELF_REVIEWS.has(`${group}/${resource}`) && user.groups.includes(AUTHENTICATED)
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
