import type { ApiServerOptions } from "#apiserver";
import { ISSUER } from "#auth";
import type { ServiceAccountTokens, ServiceAccountTokensOptions } from "#auth/tokens";
import type { Clock, Random } from "#base";
import { hasReason, type AuthenticationV1TokenRequest } from "#objects";
import type { IssueToken, Registry } from "#registry";

/** What tokens of service accounts are signed and checked with. */
export type SigningKey = Pick<ServiceAccountTokensOptions, "privateKey" | "publicKey" | "keyId">;

export interface TokensOptions {
  readonly signingKey: () => Promise<SigningKey>;
  readonly clock: Clock;
  readonly random: Random;
  readonly registry: () => Registry;
}

/** Tokens of service accounts; key and code are loaded when the first token comes or is asked for. */
export function serviceAccountTokens(options: TokensOptions): {
  readonly issue: IssueToken;
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
    });
  };
  const tokens = () => (made ??= make());
  return {
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
