import {
  duplicate,
  forbidden,
  invalid,
  notSupported,
  required,
  sameJson,
  validateLegacyIp,
  type FieldError,
  type Service,
} from "#objects";
import { optionalOneOf } from "../../common/checks.ts";
import { repeats } from "../../common/repeats.ts";
import { familyOf, type Family } from "./options.ts";
import { isHeadless, needsClusterIp, needsHealthCheckNodePort, NONE } from "./rules.ts";

type Spec = NonNullable<Service["spec"]>;

const IPS = "spec.clusterIPs";
const FAMILIES = "spec.ipFamilies";
const POLICY = "spec.ipFamilyPolicy";
const SET_ONCE = "may not change once set";

function pairErrors({ clusterIP, clusterIPs = [] }: Spec): FieldError[] {
  if (!clusterIP) {
    return clusterIPs.length > 0 ? [invalid(IPS, clusterIPs, "must be empty when `clusterIP` is not specified")] : [];
  }
  if (clusterIPs.length === 0) return [required(IPS)];
  return clusterIPs[0] === clusterIP ? [] : [invalid(IPS, clusterIPs, "first value must match `clusterIP`")];
}

function addressErrors(clusterIPs: readonly string[]): FieldError[] {
  const errors: FieldError[] = [];
  for (const [i, ip] of clusterIPs.entries()) {
    if (i > 0 || ip !== NONE) errors.push(...validateLegacyIp(ip, `${IPS}[${i}]`));
    else if (clusterIPs.length > 1) errors.push(invalid(IPS, clusterIPs, "'None' must be the first and only value"));
  }
  return errors;
}

/** How clusterIP, clusterIPs, ipFamilies and ipFamilyPolicy agree (ValidateServiceClusterIPsRelatedFields). */
export function clusterIpErrors(service: Service): FieldError[] {
  const spec = service.spec ?? {};
  const { clusterIPs = [], ipFamilies = [], ipFamilyPolicy } = spec;
  if (!needsClusterIp(service)) return [];
  const errors = pairErrors(spec);
  const repeated = repeats(ipFamilies);
  for (const [i, family] of ipFamilies.entries()) {
    if (family !== "IPv4" && family !== "IPv6")
      errors.push(notSupported(`${FAMILIES}[${i}]`, family, ["IPv4", "IPv6"]));
    if (repeated[i]) errors.push(duplicate(`${FAMILIES}[${i}]`, family));
  }
  const policies = ["PreferDualStack", "RequireDualStack", "SingleStack"];
  errors.push(...optionalOneOf(POLICY, ipFamilyPolicy, policies));
  const wrong = addressErrors(clusterIPs);
  errors.push(...wrong);
  if (clusterIPs.length > 2) errors.push(invalid(IPS, clusterIPs, "may only hold up to 2 values"));
  if (wrong.length > 0) return errors;
  if (clusterIPs.length > 1 && new Set(clusterIPs.map(familyOf)).size < clusterIPs.length) {
    errors.push(invalid(IPS, clusterIPs, "may specify no more than one IP for each IP family"));
  }
  if (isHeadless(service)) return errors;
  for (const [i, ip] of clusterIPs.entries()) {
    const family = ipFamilies[i];
    if (!family || family === familyOf(ip)) continue;
    errors.push(invalid(`${IPS}[${i}]`, ip, `expected an ${family} value as indicated by \`ipFamilies[${i}]\``));
  }
  return errors;
}

/** What the cluster's own networks allow; the rest of upstream's initIPFamilyFields. */
export function familyErrors(service: Service, families: readonly Family[]): FieldError[] {
  const { clusterIPs = [], ipFamilies = [], ipFamilyPolicy, selector } = service.spec ?? {};
  if (!needsClusterIp(service)) return [];
  const errors: FieldError[] = [];
  if (ipFamilyPolicy === "SingleStack") {
    const detail = "must be 'RequireDualStack' or 'PreferDualStack' when multiple";
    if (clusterIPs.length === 2) errors.push(invalid(POLICY, ipFamilyPolicy, `${detail} cluster IPs are specified`));
    if (ipFamilies.length === 2) errors.push(invalid(POLICY, ipFamilyPolicy, `${detail} IP families are specified`));
  }
  if (isHeadless(service) && Object.keys(selector ?? {}).length === 0) return errors;
  if (ipFamilyPolicy === "RequireDualStack" && families.length < 2) {
    errors.push(invalid(POLICY, ipFamilyPolicy, "this cluster is not configured for dual-stack services"));
  }
  for (const [i, ip] of clusterIPs.entries()) {
    const family = familyOf(ip);
    if (i >= ipFamilies.length && family && !(families as readonly string[]).includes(family)) {
      errors.push(invalid(`${IPS}[${i}]`, clusterIPs, `${family} is not configured on this cluster`));
    }
  }
  for (const [i, family] of ipFamilies.entries()) {
    if (!(families as readonly string[]).includes(family)) {
      errors.push(invalid(`${FAMILIES}[${i}]`, family, "not configured on this cluster"));
    }
  }
  return errors;
}

const mustBeSingle = (what: string) => `must be set to 'SingleStack' when releasing the secondary ${what}`;

function ipChangeErrors(spec: Spec, before: Spec): FieldError[] {
  const [ips, old] = [spec.clusterIPs ?? [], before.clusterIPs ?? []];
  if (ips.length === old.length) {
    return old.flatMap((ip, i) => (ip === ips[i] ? [] : [invalid(`${IPS}[${i}]`, spec.clusterIPs, SET_ONCE)]));
  }
  const errors: FieldError[] = [];
  if (ips.length === 0) errors.push(invalid(`${IPS}[0]`, spec.clusterIPs, "primary clusterIP can not be unset"));
  if (old.length > 0 && ips.length > 0 && ips[0] !== old[0])
    errors.push(invalid(`${IPS}[0]`, spec.clusterIPs, SET_ONCE));
  if (old.length > ips.length && ips.length === 1 && spec.ipFamilyPolicy !== "SingleStack") {
    errors.push(invalid(POLICY, spec.ipFamilyPolicy ?? null, mustBeSingle("clusterIP")));
  }
  return errors;
}

function familyChangeErrors(spec: Spec, before: Spec): FieldError[] {
  const [families, old] = [spec.ipFamilies ?? [], before.ipFamilies ?? []];
  const field = `${FAMILIES}[0]`;
  if (families.length === old.length) {
    return old.flatMap((family, i) => (family === families[i] ? [] : [invalid(field, spec.ipFamilies, SET_ONCE)]));
  }
  const errors: FieldError[] = [];
  if (old.length > families.length && !spec.clusterIPs?.length) {
    errors.push(invalid(field, spec.ipFamilies, "primary ipFamily can not be unset"));
  }
  if (old.length > 0 && families.length > 0 && families[0] !== old[0]) {
    errors.push(invalid(field, spec.clusterIPs ?? null, SET_ONCE));
  }
  if (old.length > families.length && families.length === 1 && spec.ipFamilyPolicy !== "SingleStack") {
    errors.push(invalid(POLICY, spec.ipFamilyPolicy ?? null, mustBeSingle("ipFamily")));
  }
  return errors;
}

/** What an update may not change; switching to and from ExternalName is free. */
export function validateUpdate(service: Service, old: Service): FieldError[] {
  const [spec, before] = [service.spec ?? {}, old.spec ?? {}];
  const errors: FieldError[] = [];
  if (needsClusterIp(service) && needsClusterIp(old)) {
    const [headless, wasHeadless] = [isHeadless(service), isHeadless(old)];
    if (!(headless && wasHeadless)) errors.push(...ipChangeErrors(spec, before));
    if (!headless && !wasHeadless) errors.push(...familyChangeErrors(spec, before));
  }
  if (spec.type === "LoadBalancer" && before.type === "LoadBalancer") {
    if (!sameJson(spec.loadBalancerClass, before.loadBalancerClass)) {
      errors.push(invalid("spec.loadBalancerClass", spec.loadBalancerClass ?? null, SET_ONCE));
    }
  }
  if (needsHealthCheckNodePort(service) && needsHealthCheckNodePort(old)) {
    if ((spec.healthCheckNodePort ?? 0) !== (before.healthCheckNodePort ?? 0)) {
      errors.push(forbidden("spec.healthCheckNodePort", "field is immutable"));
    }
  }
  return errors;
}
