import { forbidden, notSupported, required, type FieldError, type PodSpec } from "#objects";
import { containersOf } from "./context.ts";

const NOT_ON_LINUX = "windows options cannot be set for a linux pod";
const NOT_ON_WINDOWS = "cannot be set for a windows pod";

/** Fields of a pod's security context that Windows does not have. */
const POD_CONTEXT = [
  "appArmorProfile",
  "seLinuxOptions",
  "seccompProfile",
  "fsGroup",
  "fsGroupChangePolicy",
  "sysctls",
  "runAsUser",
  "runAsGroup",
  "supplementalGroups",
  "supplementalGroupsPolicy",
  "seLinuxChangePolicy",
] as const;

const CONTAINER_CONTEXT = [
  "appArmorProfile",
  "seLinuxOptions",
  "seccompProfile",
  "capabilities",
  "readOnlyRootFilesystem",
  "privileged",
  "allowPrivilegeEscalation",
  "procMount",
  "runAsUser",
  "runAsGroup",
] as const;

/** What `spec.os` rules out. Source: upstream validateOS, validateLinux, validateWindows. */
export function validateOs(spec: PodSpec, path: string): FieldError[] {
  if (!spec.os) return [];
  if (!spec.os.name) return [required(`${path}.os.name`, "cannot be empty")];
  if (spec.os.name === "linux") return validateLinux(spec, path);
  return spec.os.name === "windows"
    ? validateWindows(spec, path)
    : [notSupported(`${path}.os`, spec.os.name, ["linux", "windows"])];
}

function validateLinux(spec: PodSpec, path: string): FieldError[] {
  const contexts = [[spec, path] as const, ...containersOf(spec, path)];
  return contexts
    .filter(([{ securityContext }]) => securityContext?.windowsOptions)
    .map(([, at]) => forbidden(`${at}.securityContext.windowsOptions`, NOT_ON_LINUX));
}

function validateWindows(spec: PodSpec, path: string): FieldError[] {
  const set = <T extends object>(object: T | undefined, fields: readonly (keyof T & string)[], at: string) =>
    fields
      .filter((field) => object?.[field] !== undefined && object[field] !== false)
      .map((field) => forbidden(`${at}.${field}`, NOT_ON_WINDOWS));
  return [
    ...(spec.hostUsers === undefined ? [] : [forbidden(`${path}.hostUsers`, NOT_ON_WINDOWS)]),
    ...set(spec, ["hostPID", "hostIPC"], path),
    ...(spec.shareProcessNamespace === undefined ? [] : [forbidden(`${path}.shareProcessNamespace`, NOT_ON_WINDOWS)]),
    ...set(spec, ["resources"], path),
    ...setAtAll(spec.securityContext, POD_CONTEXT, `${path}.securityContext`),
    ...containersOf(spec, path).flatMap(([{ securityContext }, at]) =>
      setAtAll(securityContext, CONTAINER_CONTEXT, `${at}.securityContext`),
    ),
  ];
}

function setAtAll<T extends object>(
  object: T | undefined,
  fields: readonly (keyof T & string)[],
  path: string,
): FieldError[] {
  return fields
    .filter((field) => object?.[field] !== undefined)
    .map((field) => forbidden(`${path}.${field}`, NOT_ON_WINDOWS));
}
