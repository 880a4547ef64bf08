import { SignJWT } from "jose";
import { formatTime, invalid, invalidObject, type Int64, type KubeObject } from "#objects";
import { serviceAccountUsername, type VerifyToken } from "#auth";
import { bound, type BoundObjectRef } from "./bound.ts";
import type { ServiceAccountTokensOptions } from "./contract.ts";
import { signLegacyToken } from "./legacy.ts";
import { tokenVerifier } from "./verify.ts";

/** The spec of a TokenRequest. */
export interface TokenSpec {
  readonly audiences?: readonly string[];
  readonly expirationSeconds?: Int64;
  readonly boundObjectRef?: BoundObjectRef;
}

/** Signs and checks the tokens that service accounts act with: bound ones (KEP 1205), and those kept in Secrets. */
export interface ServiceAccountTokens {
  issue(
    account: KubeObject,
    spec: TokenSpec,
  ): Promise<{ readonly token: string; readonly expirationTimestamp: string }>;
  /** Signs the token that a Secret of type `kubernetes.io/service-account-token` keeps. It does not expire. */
  issueForSecret(account: KubeObject, secretName: string): Promise<string>;
  /** Whose token it is. */
  readonly verify: VerifyToken;
}

const DEFAULT_SECONDS = 3600;
const MIN_SECONDS = 600;
const MAX_SECONDS = 2 ** 32;

/** Makes {@link ServiceAccountTokens} of one key, which both signs and checks. */
export function createServiceAccountTokens(options: ServiceAccountTokensOptions): ServiceAccountTokens {
  const { issuer, clock, random } = options;
  return {
    async issue(account, spec) {
      check(spec);
      const { namespace = "", name = "", uid = "" } = account.metadata;
      const now = Math.floor(clock.now() / 1000);
      const expires = now + Number(spec.expirationSeconds ?? DEFAULT_SECONDS);
      const reference = spec.boundObjectRef ? await bound(account, spec.boundObjectRef, options) : {};
      const token = await new SignJWT({
        "kubernetes.io": { namespace, ...reference, serviceaccount: { name, uid } },
      })
        .setProtectedHeader({ alg: "ES256", kid: options.keyId })
        .setIssuer(issuer)
        .setAudience(spec.audiences?.length ? [...spec.audiences] : [issuer])
        .setSubject(serviceAccountUsername(namespace, name))
        .setIssuedAt(now)
        .setNotBefore(now)
        .setExpirationTime(expires)
        .setJti(random.uuid())
        .sign(options.privateKey);
      return { token, expirationTimestamp: formatTime(expires * 1000) };
    },
    issueForSecret: (account, secretName) => signLegacyToken(account, secretName, options),
    verify: tokenVerifier(options),
  };
}

/** Upstream ValidateTokenRequest. */
function check({ expirationSeconds = DEFAULT_SECONDS }: TokenSpec): void {
  const errors = [];
  if (expirationSeconds < MIN_SECONDS) {
    errors.push(
      invalid("spec.expirationSeconds", expirationSeconds, "may not specify a duration less than 10 minutes"),
    );
  }
  if (expirationSeconds > MAX_SECONDS) {
    errors.push(
      invalid("spec.expirationSeconds", expirationSeconds, "may not specify a duration larger than 2^32 seconds"),
    );
  }
  if (errors.length > 0) throw invalidObject("authentication.k8s.io", "TokenRequest", "", errors);
}
