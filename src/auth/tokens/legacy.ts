import { SignJWT, type JWTPayload } from "jose";
import { AUTHENTICATED, parseServiceAccount, serviceAccountGroups, serviceAccountUsername } from "#auth";
import { encodeBase64 } from "#base";
import type { UserInfo } from "#http";
import { formatTime, type KubeObject, type Secret, type ServiceAccount } from "#objects";
import { Refused, type ServiceAccountTokensOptions } from "./contract.ts";

/** The issuer of the tokens that Secrets keep. */
export const LEGACY_ISSUER = "kubernetes/serviceaccount";

const NAMESPACE = "kubernetes.io/serviceaccount/namespace";
const SECRET = "kubernetes.io/serviceaccount/secret.name";
const ACCOUNT = "kubernetes.io/serviceaccount/service-account.name";
const ACCOUNT_UID = "kubernetes.io/serviceaccount/service-account.uid";

/** What such a token says. */
export interface LegacyClaims extends JWTPayload {
  readonly [NAMESPACE]?: string;
  readonly [SECRET]?: string;
  readonly [ACCOUNT]?: string;
  readonly [ACCOUNT_UID]?: string;
}

/** Upstream LegacyClaims: without times and audiences. */
export function signLegacyToken(
  { metadata: { namespace = "", name = "", uid = "" } }: KubeObject,
  secretName: string,
  { privateKey, keyId }: ServiceAccountTokensOptions,
): Promise<string> {
  return new SignJWT({ [NAMESPACE]: namespace, [SECRET]: secretName, [ACCOUNT]: name, [ACCOUNT_UID]: uid })
    .setProtectedHeader({ alg: "ES256", kid: keyId })
    .setIssuer(LEGACY_ISSUER)
    .setSubject(serviceAccountUsername(namespace, name))
    .sign(privateKey);
}

/** The token dies with its Secret, with another token in that, and with its account: upstream's order and words (legacy.go). */
export async function legacyUserOf(
  token: string,
  claims: LegacyClaims,
  options: ServiceAccountTokensOptions,
): Promise<{ readonly user: UserInfo; readonly warnings?: readonly string[] }> {
  const { namespace, secretName, name, uid } = namesIn(claims);
  const secret = (await options.find("secrets", { namespace, name: secretName })) as Secret | undefined;
  if (!secret || secret.metadata.deletionTimestamp) throw new Refused("Token has been invalidated");
  if (secret.data?.["token"] !== encodeBase64(token)) throw new Refused("Token does not match server's copy");
  const account = (await options.find("serviceaccounts", { namespace, name })) as ServiceAccount | undefined;
  if (!account) throw new Refused(`serviceaccounts ${JSON.stringify(name)} not found`);
  const { metadata } = account;
  if (metadata.deletionTimestamp) throw new Refused(`ServiceAccount ${namespace}/${name} has been deleted`);
  if (metadata.uid !== uid) {
    throw new Refused(`ServiceAccount UID (${metadata.uid}) does not match claim (${uid})`);
  }
  await noteUse(secret, options);
  if (secret.metadata.labels?.[INVALID_SINCE]) {
    throw new Refused(
      `the token in secret ${namespace}/${secretName} for service account ${namespace}/${name} has been marked invalid. Use tokens from the TokenRequest API or manually created secret-based tokens, or remove the '${INVALID_SINCE}' label from the secret to temporarily allow use of this token`,
    );
  }
  const user = {
    username: serviceAccountUsername(namespace, name),
    uid,
    groups: [...serviceAccountGroups(namespace), AUTHENTICATED],
  };
  // An account lists the tokens that were made for it; those that users make it does not.
  return account.secrets?.some((listed) => listed.name === secretName)
    ? { user, warnings: [AUTO_GENERATED] }
    : { user };
}

const AUTO_GENERATED =
  "Use tokens from the TokenRequest API or manually created secret-based tokens instead of auto-generated secret-based tokens.";

/** The claims that a token must have, which agree with its subject. */
function namesIn(claims: LegacyClaims) {
  const must = (value: unknown, called: string): string => {
    if (typeof value !== "string" || value === "") throw new Refused(`${called} claim is missing`);
    return value;
  };
  const subject = parseServiceAccount(must(claims.sub, "sub"));
  const namespace = must(claims[NAMESPACE], "namespace");
  const secretName = must(claims[SECRET], "secretName");
  const name = must(claims[ACCOUNT], "serviceAccountName");
  const uid = must(claims[ACCOUNT_UID], "serviceAccountUID");
  if (subject?.namespace !== namespace || subject.name !== name) throw new Refused("sub claim is invalid");
  return { namespace, secretName, name, uid };
}

const INVALID_SINCE = "kubernetes.io/legacy-token-invalid-since";
const LAST_USED = "kubernetes.io/legacy-token-last-used";
const DAY_MS = 24 * 3_600_000;

/** Once a day. Tomorrow counts too: the clock of another API server may be ahead. */
async function noteUse(secret: KubeObject, { clock, markUsed }: ServiceAccountTokensOptions): Promise<void> {
  const [today = "", tomorrow = ""] = [0, DAY_MS].map((ms) => formatTime(clock.now() + ms).slice(0, 10));
  const known = secret.metadata.labels?.[LAST_USED];
  if (known !== today && known !== tomorrow) await markUsed(secret, today);
}
