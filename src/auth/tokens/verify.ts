import { compactVerify, decodeJwt, decodeProtectedHeader, errors } from "jose";
import {
  API_AUDIENCES,
  AUTHENTICATED,
  intersection,
  serviceAccountGroups,
  serviceAccountUsername,
  type TokenAnswer,
  type VerifyToken,
} from "#auth";
import type { UserInfo } from "#http";
import { parseTime, type KubeObject } from "#objects";
import { Refused, type ServiceAccountTokensOptions } from "./contract.ts";
import { LEGACY_ISSUER, legacyUserOf, type LegacyClaims } from "./legacy.ts";

/** Clocks are set, also backwards: a token holds so much before and after its time (upstream's jwt.DefaultLeeway). */
const LEEWAY_SECONDS = 60;

interface Reference {
  readonly name: string;
  readonly uid: string;
}

interface Claims extends LegacyClaims {
  readonly "kubernetes.io"?: {
    readonly namespace?: string;
    readonly serviceaccount?: Reference;
    readonly pod?: Reference;
    readonly secret?: Reference;
    /** Of a token that is bound to a Pod without a node object: the name alone. */
    readonly node?: Partial<Reference>;
  };
}

/** Checks tokens in upstream's order and words (pkg/serviceaccount jwt.go, claims.go). */
export function tokenVerifier(options: ServiceAccountTokensOptions): VerifyToken {
  return async (token, wanted): Promise<TokenAnswer> => {
    const issuer = issuerOf(token);
    if (issuer !== options.issuer && issuer !== LEGACY_ISSUER) return { type: "unknown" };
    try {
      const claims = await signed(token, options);
      const given = audiencesOf(claims);
      const audiences = intersection(given, wanted);
      if (audiences.length === 0) {
        throw new Refused(`token audiences ${quoted(given)} is invalid for the target audiences ${quoted(wanted)}`);
      }
      const found =
        issuer === LEGACY_ISSUER ? await legacyUserOf(token, claims, options) : { user: await userOf(claims, options) };
      return { type: "user", ...found, audiences };
    } catch (error) {
      if (error instanceof Refused) return { type: "refused", reason: error.message };
      throw error;
    }
  };
}

/** What a token that may be anything says of its issuer, unchecked. */
function issuerOf(token: string): unknown {
  try {
    return decodeJwt(token).iss;
  } catch {
    return undefined;
  }
}

/** A token without audiences is for the API server. */
function audiencesOf({ aud = [] }: Claims): readonly string[] {
  const audiences = typeof aud === "string" ? [aud] : aud;
  return audiences.length === 0 ? API_AUDIENCES : audiences;
}

async function signed(token: string, { publicKey, keyId }: ServiceAccountTokensOptions): Promise<Claims> {
  try {
    const { kid = "" } = decodeProtectedHeader(token);
    if (kid !== "" && kid !== keyId) throw new Refused("invalid signature, no keys found");
    const { payload } = await compactVerify(token, publicKey, { algorithms: ["ES256"] });
    return JSON.parse(new TextDecoder().decode(payload)) as Claims;
  } catch (error) {
    if (error instanceof Refused) throw error;
    if (!(error instanceof errors.JOSEError) && !(error instanceof TypeError)) throw error;
    throw new Refused("go-jose/go-jose: error in cryptographic primitive");
  }
}

/** `now` in seconds. */
function checkTimes({ nbf, exp, iat }: Claims, now: number): void {
  if (nbf !== undefined && now + LEEWAY_SECONDS < nbf) throw new Refused("service account token is not valid yet");
  if (exp !== undefined && now - LEEWAY_SECONDS > exp) throw new Refused("service account token has expired");
  if (iat !== undefined && now + LEEWAY_SECONDS < iat) {
    throw new Refused("service account token is issued in the future");
  }
}

/** A token dies with its account, and with what it is bound to. */
async function userOf(claims: Claims, options: ServiceAccountTokensOptions): Promise<UserInfo> {
  checkTimes(claims, options.clock.now() / 1000);
  const { namespace = "", serviceaccount, pod, secret, node } = claims["kubernetes.io"] ?? {};
  if (!serviceaccount) throw new Refused("service account token claims could not be validated");
  const { name, uid } = serviceaccount;
  const { find } = options;
  const deletedBefore = options.clock.now() - LEEWAY_SECONDS * 1000;
  const account = await find("serviceaccounts", { namespace, name });
  if (!account) throw new Refused(`serviceaccounts ${JSON.stringify(name)} not found`);
  if (account.metadata.uid !== uid) {
    throw new Refused(`service account UID (${account.metadata.uid}) does not match claim (${uid})`);
  }
  if (wasDeleted(account, deletedBefore)) throw new Refused(`service account ${namespace}/${name} has been deleted`);
  for (const [kind, reference] of [
    ["secret", secret],
    ["pod", pod],
    // The node of a Pod is only told: the token does not die with it.
    ["node", pod ? undefined : node],
  ] as const) {
    if (!reference) continue;
    const { name: at = "" } = reference;
    const object = await find(`${kind}s`, { namespace: kind === "node" ? "" : namespace, name: at });
    if (object && object.metadata.uid !== reference.uid) {
      throw new Refused(
        `${kind} UID (${object.metadata.uid}) does not match service account ${kind} ref claim (${reference.uid ?? ""})`,
      );
    }
    if (!object || wasDeleted(object, deletedBefore)) throw new Refused("service account token has been invalidated");
  }
  return {
    username: serviceAccountUsername(namespace, name),
    uid,
    groups: [...serviceAccountGroups(namespace), AUTHENTICATED],
    extra: {
      "authentication.kubernetes.io/credential-id": [`JTI=${claims.jti}`],
      ...(pod
        ? {
            "authentication.kubernetes.io/pod-name": [pod.name],
            "authentication.kubernetes.io/pod-uid": [pod.uid],
          }
        : {}),
      ...(node?.name ? { "authentication.kubernetes.io/node-name": [node.name] } : {}),
      ...(node?.name && node.uid ? { "authentication.kubernetes.io/node-uid": [node.uid] } : {}),
    },
  };
}

function wasDeleted({ metadata: { deletionTimestamp } }: KubeObject, before: number): boolean {
  return deletionTimestamp !== undefined && (parseTime(deletionTimestamp) ?? 0) < before;
}

/** Go's `%q` of a list. */
const quoted = (texts: readonly string[]) => `[${texts.map((text) => JSON.stringify(text)).join(" ")}]`;
