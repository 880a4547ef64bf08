import type { UserInfo } from "#http";

export const ANONYMOUS = "system:anonymous";
/** The group of every user that is not anonymous. */
export const AUTHENTICATED = "system:authenticated";
export const UNAUTHENTICATED = "system:unauthenticated";
export const MASTERS = "system:masters";
const SERVICE_ACCOUNT = "system:serviceaccount:";

/** A client without credentials. */
export const anonymous: UserInfo = Object.freeze({ username: ANONYMOUS, groups: Object.freeze([UNAUTHENTICATED]) });

/** The name under which a service account acts: `system:serviceaccount:<namespace>:<name>`. */
export const serviceAccountUsername = (namespace: string, name: string): string =>
  `${SERVICE_ACCOUNT}${namespace}:${name}`;

/** The groups that every service account of a namespace is in, beside system:authenticated. */
export const serviceAccountGroups = (namespace: string): readonly string[] => [
  "system:serviceaccounts",
  `system:serviceaccounts:${namespace}`,
];

/** The inverse of {@link serviceAccountUsername}; undefined when the name is not one. */
export function parseServiceAccount(
  username: string,
): { readonly namespace: string; readonly name: string } | undefined {
  if (!username.startsWith(SERVICE_ACCOUNT)) return undefined;
  const parts = username.slice(SERVICE_ACCOUNT.length).split(":");
  const [namespace, name] = parts;
  return parts.length === 2 && namespace && name ? { namespace, name } : undefined;
}
