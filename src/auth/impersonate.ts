import type { Attributes, Credentials } from "./contract.ts";
import {
  ANONYMOUS,
  AUTHENTICATED,
  parseServiceAccount,
  serviceAccountGroups,
  UNAUTHENTICATED,
  type UserInfo,
} from "./user.ts";

export type Impersonation =
  | { readonly type: "none" }
  | { readonly type: "refused"; readonly message: string }
  /** The user to act as, if the real one may do each of `needs`. */
  | { readonly type: "user"; readonly user: UserInfo; readonly needs: readonly Attributes[] };

const EXTRA = "impersonate-extra-";

/** What the Impersonate-* headers ask for (apiserver endpoints/filters/impersonation). */
export function impersonation(headers: Credentials["headers"], requestor: UserInfo): Impersonation {
  const username = lines(headers["impersonate-user"])[0] ?? "";
  const groups = lines(headers["impersonate-group"]);
  const uid = lines(headers["impersonate-uid"])[0] ?? "";
  const extra: Record<string, readonly string[]> = {};
  for (const name in headers) {
    if (name.startsWith(EXTRA)) extra[unescapeKey(name.slice(EXTRA.length))] = lines(headers[name]);
  }
  if (!username) {
    const asked = [
      ...groups.map((group) => `{Group  ${group}    }`),
      ...Object.entries(extra).flatMap(([key, values]) =>
        values.map((value) => `{UserExtra  ${value}  authentication.k8s.io/v1  ${key}}`),
      ),
      ...(uid ? [`{UID  ${uid}  authentication.k8s.io/v1  }`] : []),
    ];
    return asked.length === 0
      ? { type: "none" }
      : { type: "refused", message: `requested [${asked.join(" ")}] without impersonating a user` };
  }

  const need = (resource: string, name: string, more: Partial<Attributes> = {}): Attributes => ({
    user: requestor,
    verb: "impersonate",
    path: "",
    isResource: true,
    group: "",
    version: "",
    resource,
    subresource: "",
    namespace: "",
    name,
    ...more,
  });
  const authentication = { group: "authentication.k8s.io", version: "v1" };
  const account = parseServiceAccount(username);
  const needs = [
    account ? need("serviceaccounts", account.name, { namespace: account.namespace }) : need("users", username),
    ...groups.map((group) => need("groups", group)),
    ...Object.entries(extra).flatMap(([key, values]) =>
      values.map((value) => need("userextras", value, { ...authentication, subresource: key })),
    ),
    ...(uid ? [need("uids", uid, authentication)] : []),
  ];

  const all = [...(groups.length === 0 && account ? serviceAccountGroups(account.namespace) : groups)];
  if (username === ANONYMOUS) {
    if (!all.includes(UNAUTHENTICATED)) all.push(UNAUTHENTICATED);
  } else if (!all.includes(AUTHENTICATED) && !all.includes(UNAUTHENTICATED)) {
    all.push(AUTHENTICATED);
  }
  const user: UserInfo = {
    username,
    groups: all,
    ...(uid ? { uid } : {}),
    ...(Object.keys(extra).length > 0 ? { extra } : {}),
  };
  return { type: "user", user, needs };
}

const lines = (value: string | readonly string[] | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === "string" ? [value] : value;

function unescapeKey(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}
