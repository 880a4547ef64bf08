import { invalid, type FieldError, type KeyToPath } from "#objects";
import { present } from "../../../common/checks.ts";

/** Source: upstream validatePathNoBacksteps. */
export function validateNoBacksteps(value: string, path: string): FieldError[] {
  return value.split("/").includes("..") ? [invalid(path, value, "must not contain '..'")] : [];
}

/** A relative path that stays below where it starts. Source: upstream validateLocalDescendingPath. */
export function validateDescending(value: string, path: string): FieldError[] {
  return [
    ...(value.startsWith("/") ? [invalid(path, value, "must be a relative path")] : []),
    ...validateNoBacksteps(value, path),
  ];
}

/** A descending path that does not start with two dots: such names are taken for updates of volumes. */
export function validateNonReserved(value: string, path: string): FieldError[] {
  const errors = validateDescending(value, path);
  return value.startsWith("..") && !value.startsWith("../")
    ? [...errors, invalid(path, value, "must not start with '..'")]
    : errors;
}

/** Permission bits. */
export function validateFileMode(mode: number | undefined, path: string): FieldError[] {
  return mode !== undefined && (mode < 0 || mode > 0o777)
    ? [invalid(path, mode, "must be a number between 0 and 0777 (octal), both inclusive")]
    : [];
}

/** Keys of a ConfigMap or Secret and the files that they become. */
export function validateItems(items: readonly KeyToPath[] | undefined, path: string): FieldError[] {
  return (items ?? []).flatMap((item, i) => [
    ...present(`${path}[${i}].key`, item.key),
    ...present(`${path}[${i}].path`, item.path),
    ...validateNonReserved(item.path ?? "", `${path}[${i}].path`),
    ...validateFileMode(item.mode, `${path}[${i}].mode`),
  ]);
}
