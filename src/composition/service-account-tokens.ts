import type { ApiServerOptions } from "#apiserver";
import { ISSUER } from "#auth";
import type { ServiceAccountTokens, ServiceAccountTokensOptions } from "#auth/tokens";
import type { Clock, Log, Random } from "#base";
import type { Client } from "#client";
import { hasReason, SECRETS, type AuthenticationV1TokenRequest } from "#objects";
import type { IssueToken, Registry } from "#registry";

/** What tokens of service accounts are signed and checked with. */
export type SigningKey = Pick<ServiceAccountTokensOptions, "privateKey" | "publicKey" | "keyId">;

export interface TokensOptions {
  readonly signingKey: () => Promise<SigningKey>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** The API server's own. */
  readonly client: () => Client;
  readonly registry: () => Registry;
}

/** Tokens of service accounts; key and code are loaded when the first token comes or is asked for. */
export function serviceAccountTokens(options: TokensOptions): {
  readonly issue: IssueToken;
  readonly issueForSecret: ServiceAccountTokens["issueForSecret"];
  readonly verify: ServiceAccountTokens["verify"];
  /** For other systems that check the tokens. */
  readonly issuer: NonNullable<ApiServerOptions["tokenIssuer"]>;
} {
  let made: Promise<ServiceAccountTokens> | undefined;
  const make = async () => {
    const [{ createServiceAccountTokens }, key] = await Promise.all([import("#auth/tokens"), options.signingKey()]);
    return createServiceAccountTokens({
      ...key,
      issuer: ISSUER,
      clock: options.clock,
      random: options.random,
      async find(resource, at) {
        try {
          return (await options.registry().resource("", resource)?.get(at))?.object;
        } catch (error) {
          if (hasReason(error, "NotFound")) return undefined;
          throw error;
        }
      },
      async markUsed({ metadata: { namespace = "", name = "", uid } }, day) {
        const body = { metadata: { uid, labels: { "kubernetes.io/legacy-token-last-used": day } } };
        try {
          await options.client().patch(SECRETS, { namespace, name }, { type: "merge", body });
        } catch (error) {
          // The token holds all the same.
          options.log.warn("could not keep the day on which a token was used", { namespace, secret: name, error });
        }
      },
    });
  };
  const tokens = () => (made ??= make());
  return {
    issueForSecret: async (account, secretName) => (await tokens()).issueForSecret(account, secretName),
    verify: async (token, audiences) => (await tokens()).verify(token, audiences),
    issuer: {
      issuer: ISSUER,
      async keys() {
        const [{ jwkOf }, key] = await Promise.all([import("#auth/tokens"), options.signingKey()]);
        return [await jwkOf(key)];
      },
    },
    async issue({ serviceAccount, body }) {
      const request = body as unknown as AuthenticationV1TokenRequest;
      return { ...request, status: await (await tokens()).issue(serviceAccount, request.spec ?? {}) };
    },
  };
}
