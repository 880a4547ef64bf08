import { configMapKey, invalid, required, type FieldError, type V1beta1LeaseCandidate } from "#objects";
import { unchanged } from "../common/checks.ts";
import { AGE, text } from "../common/columns.ts";
import { define, served } from "../common/define.ts";
import { OLDEST_EMULATION_VERSION, strategyErrors } from "./strategy.ts";

type Candidate = V1beta1LeaseCandidate;
type Version = readonly [major: number, minor: number, patch: number];

const NUMBER = "(0|[1-9]\\d*)";
const SEMVER = new RegExp(`^${NUMBER}\\.${NUMBER}\\.${NUMBER}(?:-[0-9A-Za-z.-]+)?(?:\\+[0-9A-Za-z.-]+)?$`);

function parse(text: string): Version | undefined {
  const match = SEMVER.exec(text);
  return match ? [Number(match[1]), Number(match[2]), Number(match[3])] : undefined;
}

const below = (a: Version, b: Version): boolean => {
  const i = a.findIndex((part, at) => part !== b[at]);
  return i >= 0 && a[i]! < b[i]!;
};

function versionErrors({ binaryVersion, emulationVersion }: NonNullable<Candidate["spec"]>): FieldError[] {
  const errors: FieldError[] = [];
  const emulated = emulationVersion ? parse(emulationVersion) : undefined;
  const binary = binaryVersion ? parse(binaryVersion) : undefined;
  const wrong = (field: string, value: string) => invalid(field, value, "must be a valid semantic version");
  if (emulationVersion && !emulated) errors.push(wrong("spec.emulationVersion", emulationVersion));
  if (!binaryVersion) errors.push(required("spec.binaryVersion"));
  else if (!binary) errors.push(wrong("spec.binaryVersion", binaryVersion));
  if (binary && emulated && below(binary, emulated)) {
    const detail = "must be greater than or equal to `emulationVersion`";
    errors.push(invalid("spec.binaryVersion", binaryVersion, detail));
  }
  return errors;
}

function validate({ spec }: Candidate): FieldError[] {
  if (!spec) return [required("spec.leaseName"), required("spec.binaryVersion"), required("spec.strategy")];
  const errors = spec.leaseName ? [] : [required("spec.leaseName")];
  errors.push(...versionErrors(spec));
  if (!spec.strategy) return [...errors, required("spec.strategy")];
  if (spec.strategy === OLDEST_EMULATION_VERSION && !spec.emulationVersion) {
    const detail = "must be specified when `strategy` is 'OldestEmulationVersion'";
    errors.push(required("spec.emulationVersion", detail));
  }
  return [...errors, ...strategyErrors("spec.strategy", spec.strategy)];
}

export const leaseCandidates = define<Candidate>({
  group: "coordination.k8s.io",
  resource: "leasecandidates",
  singular: "leasecandidate",
  kind: "LeaseCandidate",
  namespaced: true,
  storageVersion: "v1beta1",
  versions: [served("coordination", "v1beta1", "LeaseCandidate"), served("coordination", "v1alpha2", "LeaseCandidate")],
  requiresResourceVersionOnUpdate: true,
  nameErrors: (name) => configMapKey(name),
  createsOnUpdate: true,
  validate,
  validateUpdate: ({ spec }, old) => unchanged("spec.leaseName", spec?.leaseName, old.spec?.leaseName),
  selectableFields: { "spec.leaseName": ({ spec }) => spec?.leaseName ?? "" },
  columns: [
    text("LeaseName", ({ spec }) => spec?.leaseName ?? ""),
    text("BinaryVersion", ({ spec }) => spec?.binaryVersion ?? ""),
    text("EmulationVersion", ({ spec }) => spec?.emulationVersion ?? ""),
    AGE,
  ],
});
