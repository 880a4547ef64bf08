import { jwtVerify, SignJWT, type JWTPayload } from "jose";
import type { Clock, Random } from "#base";
import {
  conflict,
  formatTime,
  invalid,
  invalidObject,
  notFoundError,
  required,
  type KubeObject,
  type ObjectKey,
} from "#objects";
import { AUTHENTICATED, serviceAccountGroups, serviceAccountUsername, type UserInfo } from "#auth";

export interface ServiceAccountTokensOptions {
  /** ES256 */
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  /** Names the key in the tokens' headers. */
  readonly keyId: string;
  /** `https://kubernetes.default.svc.cluster.local` */
  readonly issuer: string;
  readonly clock: Clock;
  readonly random: Random;
  /** Finds what a token may be bound to, by resource (`serviceaccounts`, `pods`, `secrets`); undefined when it is gone. */
  readonly find: (resource: string, key: ObjectKey) => Promise<KubeObject | undefined>;
}

/** Clocks are set, also backwards: a token holds so much before and after its time (upstream's jwt.DefaultLeeway). */
const LEEWAY_SECONDS = 60;

type CryptoKey = Parameters<SignJWT["sign"]>[0];

/** The spec of a TokenRequest. */
export interface TokenSpec {
  readonly audiences?: readonly string[];
  readonly expirationSeconds?: number;
  readonly boundObjectRef?: { readonly kind?: string; readonly name?: string; readonly uid?: string };
}

/** Signs and checks the tokens that service accounts act with (bound tokens, KEP 1205). */
export interface ServiceAccountTokens {
  issue(
    account: KubeObject,
    spec: TokenSpec,
  ): Promise<{ readonly token: string; readonly expirationTimestamp: string }>;
  /** Whose token it is; undefined when it does not hold (any more). */
  verify(token: string): Promise<UserInfo | undefined>;
}

const DEFAULT_SECONDS = 3600;
const MIN_SECONDS = 600;
const MAX_SECONDS = 2 ** 32;
const RESOURCES: Readonly<Record<string, string>> = { Pod: "pods", Secret: "secrets" };

interface Claims extends JWTPayload {
  readonly "kubernetes.io"?: {
    readonly namespace?: string;
    readonly serviceaccount?: { readonly name: string; readonly uid: string };
    readonly pod?: { readonly name: string; readonly uid: string };
    readonly secret?: { readonly name: string; readonly uid: string };
  };
}

export function createServiceAccountTokens(options: ServiceAccountTokensOptions): ServiceAccountTokens {
  const { issuer, clock, random, find } = options;

  const bound = async (namespace: string, { kind = "", name = "", uid }: NonNullable<TokenSpec["boundObjectRef"]>) => {
    const resource = RESOURCES[kind]!;
    const object = await find(resource, { namespace, name });
    if (!object) throw notFoundError({ group: "", resource }, name);
    if (uid && uid !== object.metadata.uid) {
      const detail = `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`;
      throw conflict({ group: "", resource }, name, detail);
    }
    return { [kind.toLowerCase()]: { name, uid: object.metadata.uid } };
  };

  return {
    async issue(account, spec) {
      check(spec);
      const { namespace = "", name = "", uid = "" } = account.metadata;
      const now = Math.floor(clock.now() / 1000);
      const expires = now + (spec.expirationSeconds ?? DEFAULT_SECONDS);
      const reference = spec.boundObjectRef ? await bound(namespace, spec.boundObjectRef) : {};
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
    async verify(token) {
      let claims: Claims;
      try {
        const { payload } = await jwtVerify<Claims>(token, options.publicKey, {
          issuer,
          audience: issuer,
          algorithms: ["ES256"],
          currentDate: new Date(clock.now()),
          clockTolerance: LEEWAY_SECONDS,
        });
        claims = payload;
      } catch {
        return undefined;
      }
      const { namespace = "", serviceaccount, pod, secret } = claims["kubernetes.io"] ?? {};
      if (!serviceaccount) return undefined;
      // A token dies with its account, and with what it is bound to.
      const lives = await Promise.all(
        [
          ["serviceaccounts", serviceaccount],
          ["pods", pod],
          ["secrets", secret],
        ].map(async ([resource, reference]) => {
          if (!reference || typeof reference === "string") return true;
          const object = await find(resource as string, { namespace, name: reference.name });
          return object?.metadata.uid === reference.uid;
        }),
      );
      if (lives.includes(false)) return undefined;
      return {
        username: serviceAccountUsername(namespace, serviceaccount.name),
        uid: serviceaccount.uid,
        groups: [...serviceAccountGroups(namespace), AUTHENTICATED],
        extra: {
          "authentication.kubernetes.io/credential-id": [`JTI=${claims.jti}`],
          ...(pod
            ? {
                "authentication.kubernetes.io/pod-name": [pod.name],
                "authentication.kubernetes.io/pod-uid": [pod.uid],
              }
            : {}),
        },
      };
    },
  };
}

/** Upstream ValidateTokenRequest. */
function check({ expirationSeconds = DEFAULT_SECONDS, boundObjectRef }: TokenSpec): void {
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
  if (boundObjectRef && !RESOURCES[boundObjectRef.kind ?? ""]) {
    errors.push(
      invalid(
        "spec.boundObjectRef.kind",
        boundObjectRef.kind ?? "",
        "cannot bind token for serviceaccount to this type of object",
      ),
    );
  }
  if (boundObjectRef && !boundObjectRef.name) errors.push(required("spec.boundObjectRef.name"));
  if (errors.length > 0) throw invalidObject("authentication.k8s.io", "TokenRequest", "", errors);
}
