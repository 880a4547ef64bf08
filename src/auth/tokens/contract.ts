import type { SignJWT } from "jose";
import type { Clock, Random } from "#base";
import type { KubeObject, ObjectKey } from "#objects";

type CryptoKey = Parameters<SignJWT["sign"]>[0];

/** What tokens of service accounts are made and checked with. */
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
  /** Finds what a token may be bound to, by resource (`serviceaccounts`, `pods`, `secrets`, `nodes`); undefined when it is gone. */
  readonly find: (resource: string, key: ObjectKey) => Promise<KubeObject | undefined>;
  /** Keeps the day (UTC, `2026-05-31`) on which the token of a Secret was used. */
  readonly markUsed: (secret: KubeObject, day: string) => Promise<void>;
}

/** Why a token does not hold. */
export class Refused extends Error {}
