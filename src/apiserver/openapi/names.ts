import type { GroupVersion } from "./input.ts";

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

/** `rbacAuthorization` of rbac.authorization.k8s.io, `core` of the empty group. */
function shortGroup(group: string): string {
  if (group === "") return "core";
  const [first = "", ...rest] = group.replace(/\.k8s\.io$/, "").split(/[.-]/);
  return first + rest.map(capital).join("");
}

/** `apps_v1`: groups operations in documentation and names client classes. */
export const tagOf = ({ group, version }: GroupVersion): string => `${shortGroup(group)}_${version}`;
export const groupTagOf = (group: string): string => shortGroup(group);

/** The middle of operation ids: `AppsV1`. */
export const operationGroup = ({ group, version }: GroupVersion): string =>
  `${capital(shortGroup(group))}${capital(version)}`;
export const operationGroupOnly = (group: string): string => capital(shortGroup(group));

/** `Scale` of deployments/scale, empty for a resource itself. */
export const subresourceSuffix = (subresource: string): string => subresource.split("/").map(capital).join("");
