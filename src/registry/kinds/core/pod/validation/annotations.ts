import { forbidden, invalid, type AppArmorProfile, type FieldError, type PodSpec, type SeccompProfile } from "#objects";
import { containersOf } from "./context.ts";
import { validateDescending } from "./paths.ts";

type Annotations = Readonly<Record<string, string>> | undefined;

/** Marks the API's copy of a pod that a kubelet runs from a file of its own. */
export const MIRROR_POD = "kubernetes.io/config.mirror";
/** Which of a set's pods go first when it shrinks. */
const DELETION_COST = "controller.kubernetes.io/pod-deletion-cost";
const SECCOMP_POD = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_CONTAINER = "container.seccomp.security.alpha.kubernetes.io/";
export const APP_ARMOR = "container.apparmor.security.beta.kubernetes.io/";

/** Annotations that mean something to pods. Source: upstream ValidatePodSpecificAnnotations. */
export function validatePodAnnotations(annotations: Annotations, spec: PodSpec, path: string): FieldError[] {
  const errors: FieldError[] = [];
  let names: ReadonlySet<string> | undefined;
  for (const [key, value] of Object.entries(annotations ?? {})) {
    if (key === MIRROR_POD && !spec.nodeName) {
      errors.push(invalid(`${path}[${key}]`, value, "must set spec.nodeName if mirror pod annotation is set"));
    } else if (key === DELETION_COST && !isDeletionCost(value)) {
      errors.push(invalid(`${path}[${key}]`, value, "must be a 32bit integer"));
    } else if (key === SECCOMP_POD || key.startsWith(SECCOMP_CONTAINER)) {
      errors.push(...validateSeccompName(value, `${path}.${key}`));
    } else if (key.startsWith(APP_ARMOR)) {
      names ??= new Set(containersOf(spec, "spec").map(([container]) => container.name));
      errors.push(...validateAppArmorAnnotation(key, value, names, `${path}[${key}]`));
    }
  }
  return errors;
}

/** A number of 32 bits without a plus sign or leading zeros. */
function isDeletionCost(value: string): boolean {
  return /^(?:0|-?[1-9]\d*)$/.test(value) && BigInt.asIntN(32, BigInt(value)) === BigInt(value);
}

function validateSeccompName(profile: string, path: string): FieldError[] {
  if (["runtime/default", "docker/default", "unconfined"].includes(profile)) return [];
  return profile.startsWith("localhost/")
    ? validateDescending(profile.slice("localhost/".length), path)
    : [invalid(path, profile, "must be a valid seccomp profile")];
}

function validateAppArmorAnnotation(
  key: string,
  profile: string,
  containerNames: ReadonlySet<string>,
  path: string,
): FieldError[] {
  const name = key.slice(APP_ARMOR.length);
  const isKnown = containerNames.has(name);
  const isValid = ["", "runtime/default", "unconfined"].includes(profile) || profile.startsWith("localhost/");
  return [
    ...(isKnown ? [] : [invalid(path, name, "container not found")]),
    ...(isValid ? [] : [invalid(path, profile, `invalid AppArmor profile name: ${JSON.stringify(profile)}`)]),
  ];
}

/** Annotations of the beta and fields must not contradict each other. Source: upstream validateSeccompAnnotationsAndFields. */
export function validateSeccompMatch(annotations: Annotations, spec: PodSpec, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const match = (annotation: string | undefined, profile: SeccompProfile | undefined, at: string) => {
    if (annotation === undefined || !profile) return;
    const names = profile.type === "RuntimeDefault" ? ["runtime/default", "docker/default"] : ["unconfined"];
    errors.push(...validateMatch(annotation, profile, names, "seccomp", at));
  };
  match(annotations?.[SECCOMP_POD], spec.securityContext?.seccompProfile, `${path}.securityContext.seccompProfile`);
  for (const [{ name, securityContext }, at] of containersOf(spec, path)) {
    const annotation = annotations?.[SECCOMP_CONTAINER + name];
    match(annotation, securityContext?.seccompProfile, `${at}.securityContext.seccompProfile`);
  }
  return errors;
}

/** The same for AppArmor. Source: upstream validateAppArmorAnnotationsAndFieldsMatchOnCreate. */
export function validateAppArmorMatch(annotations: Annotations, spec: PodSpec, path: string): FieldError[] {
  if (spec.os?.name === "windows") return [];
  const ofPod = spec.securityContext?.appArmorProfile;
  return containersOf(spec, path).flatMap(([{ name, securityContext }, at]) => {
    const profile = securityContext?.appArmorProfile ?? ofPod;
    const annotation = annotations?.[APP_ARMOR + name];
    if (annotation === undefined || !profile) return [];
    const names = [profile.type === "RuntimeDefault" ? "runtime/default" : "unconfined"];
    return validateMatch(annotation, profile, names, "apparmor", `${at}.securityContext.appArmorProfile`);
  });
}

function validateMatch(
  annotation: string,
  profile: SeccompProfile | AppArmorProfile,
  names: readonly string[],
  what: string,
  path: string,
): FieldError[] {
  if (profile.type !== "Localhost") {
    return names.includes(annotation)
      ? []
      : [forbidden(`${path}.type`, `${what} type in annotation and field must match`)];
  }
  if (!annotation.startsWith("localhost/")) {
    return [forbidden(`${path}.type`, `${what} type in annotation and field must match`)];
  }
  return annotation.slice("localhost/".length) === profile.localhostProfile
    ? []
    : [forbidden(`${path}.localhostProfile`, `${what} profile in annotation and field must match`)];
}

/** Some annotations stay as they were at creation. Source: upstream ValidatePodSpecificAnnotationUpdates. */
export function validatePodAnnotationsUpdate(annotations: Annotations, old: Annotations, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const [key, value] of Object.entries(old ?? {})) {
    if (annotations?.[key] === value) continue;
    if (key.startsWith(APP_ARMOR)) {
      errors.push(forbidden(`${path}[${key}]`, "may not remove or update AppArmor annotations"));
    }
    if (key === MIRROR_POD) {
      errors.push(forbidden(`${path}[${key}]`, "may not remove or update mirror pod annotation"));
    }
  }
  for (const key of Object.keys(annotations ?? {})) {
    if (old?.[key] !== undefined) continue;
    if (key.startsWith(APP_ARMOR)) errors.push(forbidden(`${path}[${key}]`, "may not add AppArmor annotations"));
    if (key === MIRROR_POD) errors.push(forbidden(`${path}[${key}]`, "may not add mirror pod annotation"));
  }
  return errors;
}
