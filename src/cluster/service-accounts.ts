import type { ServiceAccountTokens } from "#auth/tokens";
import type { Clock, Random } from "#base";
import { hasReason, type AuthenticationV1TokenRequest } from "#objects";
import type { IssueToken, Registry } from "#registry";
import { signingKey } from "./pki/signing-key.ts";

/** Who signs: pods and others reach the API server by this name. */
const ISSUER = "https://kubernetes.default.svc.cluster.local";

export interface ServiceAccountsOptions {
  /** Where the signing key is kept; absent: nowhere. */
  readonly pkiDir: string | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly registry: () => Registry;
}

/** Tokens of service accounts; key and code are loaded when the first token comes or is asked for. */
export function serviceAccountTokens(options: ServiceAccountsOptions): {
  readonly issue: IssueToken;
  readonly verify: ServiceAccountTokens["verify"];
} {
  let made: Promise<ServiceAccountTokens> | undefined;
  const make = async () => {
    const [{ createServiceAccountTokens }, key] = await Promise.all([
      import("#auth/tokens"),
      signingKey(options.pkiDir),
    ]);
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
    verify: async (token) => (await tokens()).verify(token),
    async issue({ serviceAccount, body }) {
      const request = body as unknown as AuthenticationV1TokenRequest;
      return { ...request, status: await (await tokens()).issue(serviceAccount, request.spec ?? {}) };
    },
  };
}
