import type { Peer, RequestHeaders, UserInfo } from "#http";

/** The part of a request that says who sends it. */
export interface Credentials {
  readonly headers: RequestHeaders;
  readonly peer?: Peer;
  /** The credentials must be for one of these audiences; absent: for the API server's. */
  readonly audiences?: readonly string[];
}

export type Authentication =
  /** `audiences`: those among the ones asked for that the credentials are for. */
  | {
      readonly type: "user";
      readonly user: UserInfo;
      readonly audiences?: readonly string[];
      /** For the client, about its credentials. */
      readonly warnings?: readonly string[];
    }
  /** Nothing here that this authenticator reads: ask the next. */
  | { readonly type: "none" }
  /** Credentials that do not hold: 401 unless another authenticator knows them. */
  | { readonly type: "invalid"; readonly reason: string };

/** What becomes of a bearer token. */
export type TokenAnswer =
  | {
      readonly type: "user";
      readonly user: UserInfo;
      readonly audiences: readonly string[];
      readonly warnings?: readonly string[];
    }
  /** No token of this kind. */
  | { readonly type: "unknown" }
  | { readonly type: "refused"; readonly reason: string };

/** Checks a bearer token that has to be for one of `audiences`. */
export type VerifyToken = (token: string, audiences: readonly string[]) => Promise<TokenAnswer>;

/** Finds out who sends a request. */
export interface Authenticator {
  authenticate(credentials: Credentials): Authentication | Promise<Authentication>;
}

/** What a user wants to do. */
export interface Attributes {
  readonly user: UserInfo;
  /** Of a resource request: get, list, watch, create, …; else the method in lower case. */
  readonly verb: string;
  readonly path: string;
  readonly isResource: boolean;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
}

export interface Decision {
  readonly decision: "allow" | "deny" | "no-opinion";
  readonly reason: string;
}

/** Decides whether a user may do something. */
export interface Authorizer {
  authorize(attributes: Attributes): Decision | Promise<Decision>;
  /** What a user may do in a namespace, for SelfSubjectRulesReview; absent: cannot be listed. */
  rules?(user: UserInfo, namespace: string): Rules | Promise<Rules>;
}

export interface Rules {
  readonly resourceRules: readonly {
    readonly verbs: readonly string[];
    readonly apiGroups?: readonly string[];
    readonly resources?: readonly string[];
    readonly resourceNames?: readonly string[];
  }[];
  readonly nonResourceRules: readonly {
    readonly verbs: readonly string[];
    readonly nonResourceURLs?: readonly string[];
  }[];
  readonly incomplete: boolean;
}
