import {
  dnsLabel,
  dnsSubdomain,
  duplicate,
  forbidden,
  invalid,
  required,
  type FieldError,
  type Volume,
} from "#objects";
import { each, present } from "../../../common/checks.ts";
import type { PodSpecRules } from "./context.ts";
import { VOLUME_SOURCES } from "./volume-sources.ts";

export interface CheckedVolumes {
  readonly errors: readonly FieldError[];
  /** The volumes that containers may mount: those with nothing wrong. */
  readonly mountable: ReadonlyMap<string, Volume>;
}

/** Source: upstream ValidateVolumes. */
export function checkVolumes(volumes: readonly Volume[], path: string, rules: PodSpecRules): CheckedVolumes {
  const mountable = new Map<string, Volume>();
  const created = createdClaims(volumes, rules);
  const errors: FieldError[] = [];
  for (const [i, volume] of volumes.entries()) {
    const at = `${path}[${i}]`;
    const own = [...validateSource(volume, at, rules), ...present(`${at}.name`, volume.name, dnsLabel)];
    if (mountable.has(volume.name)) own.push(duplicate(`${at}.name`, volume.name));
    if (own.length === 0) mountable.set(volume.name, volume);
    errors.push(...own);
    const claim = volume.persistentVolumeClaim?.claimName;
    if (claim !== undefined && created.has(claim)) {
      const detail = "must not reference a PVC that gets created for an ephemeral volume";
      errors.push(invalid(`${at}.persistentVolumeClaim.claimName`, claim, detail));
    }
  }
  return { errors, mountable };
}

/** Names of the claims that are made for the pod's ephemeral volumes. */
function createdClaims(volumes: readonly Volume[], { podName }: PodSpecRules): ReadonlySet<string> {
  if (!podName) return new Set();
  return new Set(volumes.filter(({ ephemeral }) => ephemeral).map(({ name }) => `${podName}-${name}`));
}

/** Exactly one source. Source: upstream validateVolumeSource. */
function validateSource(volume: Volume, path: string, { podName }: PodSpecRules): FieldError[] {
  const errors: FieldError[] = [];
  let found = false;
  for (const { field, forbiddenAs, validate } of VOLUME_SOURCES) {
    if (volume[field] === undefined || volume[field] === null) continue;
    if (found) errors.push(forbidden(`${path}.${forbiddenAs ?? field}`, "may not specify more than 1 volume type"));
    else errors.push(...validate(volume, path));
    found = true;
  }
  if (!found) errors.push(required(path, "must specify a volume type"));
  if (volume.ephemeral && podName && volume.name) {
    const claim = `${podName}-${volume.name}`;
    const details = dnsSubdomain(claim).map((message) => `PVC name ${JSON.stringify(claim)}: ${message}`);
    errors.push(...each(`${path}.name`, volume.name, details));
  }
  return errors;
}
