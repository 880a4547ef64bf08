import type { UserInfo } from "#http";
import { API_AUDIENCES, intersection } from "./audiences.ts";
import type { Authentication, Authenticator, VerifyToken } from "./contract.ts";
import { anonymous, AUTHENTICATED } from "./user.ts";

const NONE: Authentication = { type: "none" };

/**
 * Asks each in turn; the first that knows the sender wins. Credentials that no authenticator accepts are invalid, also
 * when another authenticator found nothing to read. Every authenticated user is in system:authenticated.
 */
export function authenticators(...chain: readonly Authenticator[]): Authenticator {
  return {
    async authenticate(credentials) {
      let refused: Authentication | undefined;
      for (const authenticator of chain) {
        const found = await authenticator.authenticate(credentials);
        if (found.type === "user") return found;
        if (found.type === "invalid") refused ??= found;
      }
      return refused ?? NONE;
    },
  };
}

/** The common name of a verified client certificate is the user, its organizations are the groups. */
export function clientCertificates(): Authenticator {
  /** One user object for all requests of a connection. */
  const known = new WeakMap<object, Authentication>();
  return {
    authenticate({ peer }) {
      if (peer?.refused) return { type: "invalid", reason: peer.refused };
      if (!peer?.certificate) return NONE;
      let found = known.get(peer);
      if (!found) {
        const { commonName, organizations, sha256 } = peer.certificate;
        const user: UserInfo = {
          username: commonName,
          groups: [...new Set([...organizations, AUTHENTICATED])],
          ...(sha256 ? { extra: { "authentication.kubernetes.io/credential-id": [`X509SHA256=${sha256}`] } } : {}),
        };
        found = commonName ? { type: "user", user } : { type: "invalid", reason: "the certificate names no user" };
        known.set(peer, found);
      }
      return found;
    },
  };
}

/**
 * Hands the token of `Authorization: Bearer …` to `verify`. Reasons are worded as upstream's, which asks its own
 * loopback token first, and that says of every other that it is invalid.
 */
export function bearerTokens(verify: VerifyToken): Authenticator {
  return {
    async authenticate({ headers, audiences = API_AUDIENCES }) {
      const value = headers["authorization"];
      const [scheme, token] = (typeof value === "string" ? value : (value?.[0] ?? "")).trim().split(" ", 2);
      if (!token || scheme?.toLowerCase() !== "bearer") return NONE;
      const answer = await verify(token, audiences);
      switch (answer.type) {
        case "unknown":
          return { type: "invalid", reason: INVALID_TOKEN };
        case "refused":
          return { type: "invalid", reason: `[${INVALID_TOKEN}, ${answer.reason}]` };
        case "user": {
          const { user, warnings } = answer;
          const groups = user.groups.includes(AUTHENTICATED) ? user.groups : [...user.groups, AUTHENTICATED];
          const known = { type: "user", user: { ...user, groups }, audiences: answer.audiences } as const;
          return warnings ? { ...known, warnings } : known;
        }
      }
    },
  };
}

const INVALID_TOKEN = "invalid bearer token";

/** Tokens that are known beforehand and are for the API server, for tests and local tools. */
export function staticTokens(tokens: Readonly<Record<string, UserInfo>>): Authenticator {
  return bearerTokens((token, wanted) => {
    const user = Object.hasOwn(tokens, token) ? tokens[token] : undefined;
    const audiences = intersection(API_AUDIENCES, wanted);
    return Promise.resolve(user && audiences.length > 0 ? { type: "user", user, audiences } : { type: "unknown" });
  });
}

/**
 * Takes a client of whose credentials `authenticator` reads none for system:anonymous, whatever the audience. One whose
 * credentials are invalid stays refused.
 */
export function withAnonymousUsers(authenticator: Authenticator): Authenticator {
  return {
    async authenticate(credentials) {
      const found = await authenticator.authenticate(credentials);
      return found.type === "none"
        ? { type: "user", user: anonymous, audiences: credentials.audiences ?? API_AUDIENCES }
        : found;
    },
  };
}
