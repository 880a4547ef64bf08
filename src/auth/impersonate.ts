import { header, headerValues, type RequestHeaders, type UserInfo } from "#http";
import type { Attributes } from "./contract.ts";
import { ANONYMOUS, AUTHENTICATED, parseServiceAccount, serviceAccountGroups, UNAUTHENTICATED } from "./user.ts";

export type Impersonation =
  | { readonly type: "none" }
  | { readonly type: "refused"; readonly message: string }
  /** The user to act as, if the real one may do each of `needs`. */
  | { readonly type: "user"; readonly user: UserInfo; readonly needs: readonly Attributes[] };

const EXTRA = "impersonate-extra-";

/** What the Impersonate-* headers ask for (apiserver endpoints/filters/impersonation). */
export function impersonation(headers: RequestHeaders, requestor: UserInfo): Impersonation {
  const username = header(headers, "impersonate-user") ?? "";
  const groups = headerValues(headers, "impersonate-group");
  const uid = header(headers, "impersonate-uid") ?? "";
  const extra: Record<string, readonly string[]> = {};
  for (const name in headers) {
    if (name.startsWith(EXTRA)) extra[unescapeKey(name.slice(EXTRA.length))] = headerValues(headers, name);
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

function unescapeKey(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}
