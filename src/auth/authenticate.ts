import type { Authentication, Authenticator } from "./contract.ts";
import { anonymous, AUTHENTICATED, type UserInfo } from "./user.ts";

const NONE: Authentication = { type: "none" };

/**
 * Asks each in turn; the first that knows the sender wins. Credentials that nobody accepts are invalid, also
 * when another authenticator found nothing to read. Everybody known is in system:authenticated.
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
        found = commonName ? { type: "user", user } : { type: "invalid", reason: "the certificate names nobody" };
        known.set(peer, found);
      }
      return found;
    },
  };
}

/** Hands `Authorization: Bearer …` to `verify`, which answers undefined for a token that it does not know. */
export function bearerTokens(verify: (token: string) => Promise<UserInfo | undefined>): Authenticator {
  return {
    async authenticate({ headers }) {
      const value = headers["authorization"];
      const token = /^Bearer +(\S+)$/i.exec(typeof value === "string" ? value : (value?.[0] ?? ""))?.[1];
      if (!token) return NONE;
      const user = await verify(token);
      if (!user) return { type: "invalid", reason: "invalid bearer token" };
      const groups = user.groups.includes(AUTHENTICATED) ? user.groups : [...user.groups, AUTHENTICATED];
      return { type: "user", user: { ...user, groups } };
    },
  };
}

/** Tokens that are known beforehand, for tests and local tools. */
export function staticTokens(tokens: Readonly<Record<string, UserInfo>>): Authenticator {
  return bearerTokens((token) => Promise.resolve(Object.hasOwn(tokens, token) ? tokens[token] : undefined));
}

/** Whoever sends no credentials is system:anonymous. Comes last. */
export const anonymousUsers: Authenticator = {
  authenticate: ({ headers }) => (headers["authorization"] === undefined ? { type: "user", user: anonymous } : NONE),
};
