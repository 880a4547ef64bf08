import { API_AUDIENCES, intersection, type Attributes, type Authenticator, type Authorizer } from "#auth";
import type { UserInfo } from "#http";
import {
  badRequest,
  formatTime,
  internalError,
  invalid,
  invalidObject,
  required,
  type AnyDraft,
  type FieldError,
  type KubeObject,
} from "#objects";
import type { ResourceDefinition, WriteContext } from "#registry";
import type { ServerContext } from "./server-context.ts";
import type { Operation, Result } from "./operation.ts";
import { namingOf } from "./target.ts";

/** What a review is computed from. */
interface ReviewInput {
  readonly draft: AnyDraft;
  readonly user: UserInfo;
  readonly namespace: string;
  readonly authorizer: Authorizer;
  readonly authenticator: Authenticator;
}

/** Reviews that hang on who may do what, which the registry does not know. */
const REVIEWS: Readonly<Record<string, (input: ReviewInput) => Promise<object>>> = {
  "authorization.k8s.io/selfsubjectaccessreviews": async ({ draft, user, authorizer }) => {
    const spec = specOf(draft);
    checkAttributes(draft, spec, []);
    return accessStatus(authorizer, user, spec);
  },
  "authorization.k8s.io/subjectaccessreviews": async ({ draft, authorizer }) => {
    const spec = specOf(draft);
    checkAttributes(draft, spec, subjectErrors(spec));
    return accessStatus(authorizer, subjectOf(spec), spec);
  },
  "authorization.k8s.io/localsubjectaccessreviews": async ({ draft, namespace, authorizer }) => {
    const spec = specOf(draft);
    const errors = subjectErrors(spec);
    const asked = spec.resourceAttributes?.namespace ?? "";
    if (asked !== namespace) {
      errors.push(invalid("spec.resourceAttributes.namespace", asked, "must match metadata.namespace"));
    }
    checkAttributes(draft, spec, errors);
    return accessStatus(authorizer, subjectOf(spec), spec);
  },
  "authorization.k8s.io/selfsubjectrulesreviews": async ({ draft, user, authorizer }) => {
    const { namespace = "" } = (draft["spec"] ?? {}) as { readonly namespace?: string };
    if (!namespace) {
      throw invalidObject("authorization.k8s.io", "SelfSubjectRulesReview", "", [required("spec.namespace")]);
    }
    const rules = await authorizer.rules?.(user, namespace);
    return {
      resourceRules: rules?.resourceRules ?? [],
      nonResourceRules: rules?.nonResourceRules ?? [],
      incomplete: rules?.incomplete ?? true,
    };
  },
  "authentication.k8s.io/selfsubjectreviews": ({ user }) => Promise.resolve({ userInfo: shownUser(user) }),
  "authentication.k8s.io/tokenreviews": async ({ draft, authenticator }) => {
    const { token = "", audiences = [] } = (draft["spec"] ?? {}) as TokenReviewSpec;
    if (!token) throw badRequest("token is required for TokenReview in authentication");
    const wanted = audiences.length > 0 ? audiences : API_AUDIENCES;
    const found = await authenticator.authenticate({
      headers: { authorization: `Bearer ${token}` },
      audiences: wanted,
    });
    if (found.type !== "user") return { ...(found.type === "invalid" ? { error: found.reason } : {}), user: {} };
    const { user, audiences: given = [] } = found;
    if (intersection(given, wanted).length === 0) throw internalError("error validating audiences");
    return { authenticated: true, user: shownUser(user), audiences: given };
  },
};

const nameOf = ({ group, resource }: ResourceDefinition) => `${group}/${resource}`;

/** Whether a create of this kind is a question, of which nothing is stored. */
export const isReview = (definition: ResourceDefinition): boolean =>
  definition.compute !== undefined || Object.hasOwn(REVIEWS, nameOf(definition));

/** Answers the create of a kind of which nothing is stored. */
export async function review(
  context: ServerContext,
  operation: Extract<Operation, { readonly verb: "create" }>,
  draft: AnyDraft,
): Promise<Result> {
  const { target, user, namespace } = operation;
  const { definition } = target.resource;
  const compute = REVIEWS[nameOf(definition)];
  if (compute) {
    const { authorizer, authenticator } = context;
    const status = await compute({ draft, user, namespace, authorizer, authenticator });
    const { apiVersion, kind } = namingOf(target);
    const spec = draft["spec"];
    // Only the question about oneself is stamped.
    const metadata =
      kind === "SelfSubjectReview" ? { creationTimestamp: formatTime(context.clock.now()) } : draft.metadata;
    const value = { kind, apiVersion, metadata, ...(spec === undefined ? {} : { spec }), status };
    return { type: "value", value: value as KubeObject, code: 201 };
  }
  const writeContext: WriteContext = {
    user,
    now: context.clock.now(),
    dryRun: operation.options.dryRun,
    registry: context.registry,
  };
  return { type: "value", value: await definition.compute!(draft, writeContext), code: 201 };
}

interface TokenReviewSpec {
  readonly token?: string;
  readonly audiences?: readonly string[];
}

interface AccessSpec {
  readonly user?: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
  readonly resourceAttributes?: {
    readonly verb?: string;
    readonly group?: string;
    readonly version?: string;
    readonly resource?: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  readonly nonResourceAttributes?: { readonly verb?: string; readonly path?: string };
}

const specOf = (draft: AnyDraft) => (draft["spec"] ?? {}) as AccessSpec;

const subjectOf = ({ user = "", groups = [], uid, extra }: AccessSpec): UserInfo => ({
  username: user,
  groups,
  ...(uid ? { uid } : {}),
  ...(extra ? { extra } : {}),
});

function subjectErrors(spec: AccessSpec): FieldError[] {
  if (spec.user || (spec.groups?.length ?? 0) > 0) return [];
  return [invalid("spec.user", spec.user ?? "", "at least one of user or group must be specified")];
}

function checkAttributes(draft: AnyDraft, spec: AccessSpec, errors: FieldError[]): void {
  const { resourceAttributes, nonResourceAttributes } = spec;
  if (resourceAttributes && nonResourceAttributes) {
    errors.push(
      invalid(
        "spec.nonResourceAttributes",
        nonResourceAttributes,
        "cannot be specified in combination with resourceAttributes",
      ),
    );
  }
  if (!resourceAttributes && !nonResourceAttributes) {
    errors.push(
      invalid(
        "spec.resourceAttributes",
        null,
        "exactly one of nonResourceAttributes or resourceAttributes must be specified",
      ),
    );
  }
  if (errors.length > 0) throw invalidObject("authorization.k8s.io", draft.kind, "", errors);
}

async function accessStatus(authorizer: Authorizer, user: UserInfo, spec: AccessSpec): Promise<object> {
  const { resourceAttributes: resource, nonResourceAttributes: path } = spec;
  const attributes: Attributes = {
    user,
    verb: resource?.verb ?? path?.verb ?? "",
    path: path?.path ?? "",
    isResource: resource !== undefined,
    group: resource?.group ?? "",
    version: resource?.version ?? "",
    resource: resource?.resource ?? "",
    subresource: resource?.subresource ?? "",
    namespace: resource?.namespace ?? "",
    name: resource?.name ?? "",
  };
  const { decision, reason } = await authorizer.authorize(attributes);
  return {
    allowed: decision === "allow",
    ...(decision === "deny" ? { denied: true } : {}),
    ...(reason ? { reason } : {}),
  };
}

const shownUser = ({ username, uid, groups, extra }: UserInfo) => ({
  username,
  ...(uid ? { uid } : {}),
  groups,
  ...(extra ? { extra } : {}),
});
