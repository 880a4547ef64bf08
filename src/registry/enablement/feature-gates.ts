import { GATED_FIELDS } from "./gated-fields.ts";
import { GATES, type Gate, type GateName, type Stage } from "./gates.ts";

/** Which features are on. Handed to what depends on them: nothing reads a gate from elsewhere. */
export interface FeatureGates {
  enabled(gate: GateName): boolean;
  /** Every gate, AllAlpha and AllBeta with them, by name. */
  all(): readonly GateState[];
  /** What is to be said of the settings: gates that will go, and gates that change nothing here. */
  readonly warnings: readonly string[];
}

export interface GateState {
  readonly name: string;
  readonly stage: Stage;
  readonly enabled: boolean;
}

/** Resources that upstream serves only where a gate is on, in whichever version. */
export const GATED_RESOURCES: Readonly<Record<string, GateName>> = {
  "certificates.k8s.io/clustertrustbundles": "ClusterTrustBundle",
  "certificates.k8s.io/podcertificaterequests": "PodCertificateRequest",
  "coordination.k8s.io/leasecandidates": "CoordinatedLeaderElection",
  "internal.apiserver.k8s.io/storageversions": "StorageVersionAPI",
  "resource.k8s.io/devicetaintrules": "DRADeviceTaintRules",
  "resource.k8s.io/resourcepoolstatusrequests": "DRAResourcePoolStatus",
  "scheduling.k8s.io/podgroups": "GenericWorkload",
  "scheduling.k8s.io/workloads": "GenericWorkload",
  "storagemigration.k8s.io/storageversionmigrations": "StorageVersionMigrator",
};

/** The gates that something here depends on. The other ones are known, checked and change nothing. */
const ACTED_ON: ReadonlySet<string> = new Set<GateName>([
  ...Object.values(GATED_RESOURCES),
  ...GATED_FIELDS.map(({ gate }) => gate),
]);

/** The gates that turn all of a stage on or off; a gate that is named itself stays as named. */
const STAGES: Readonly<Record<string, Stage>> = { AllAlpha: "alpha", AllBeta: "beta" };

const gateOf = (name: string): Gate => GATES[name as GateName];
const isKnown = (name: string) => Object.hasOwn(GATES, name);
const NAMES = Object.keys(GATES) as readonly GateName[];

/** By name. */
export type FeatureGateSettings = Readonly<Record<string, boolean>>;

/** The component that all gates here are of: `kube:Name=true` and `Name=true` are the same. */
const COMPONENT = "kube";

/**
 * Reads `Name=true,Other=false`. Throws an Error in upstream's words (component-base featuregate, compatibility
 * registry).
 */
export function parseFeatureGates(text: string): FeatureGateSettings {
  const settings: Record<string, boolean> = {};
  const components = new Set<string>();
  for (const pair of text.split(",")) {
    if (pair === "") continue;
    const colon = pair.indexOf(":");
    components.add(pair.slice(0, Math.max(colon, 0)).trim());
    const [name, value] = nameAndValue(pair.slice(colon + 1));
    if (value === undefined) throw new Error(`missing bool value for ${name}`);
    const read = goBoolean(value);
    if (read === undefined) throw new Error(`invalid value of ${name}=${value}, err: ${notBoolean(value)}`);
    settings[name] = read;
  }
  if (components.has("") && components.has(COMPONENT)) {
    throw new Error("set kube feature gates with default empty prefix or kube: prefix consistently, do not mix use");
  }
  const other = [...components].find((component) => component !== "" && component !== COMPONENT);
  if (other !== undefined) throw new Error(`component not registered: ${other}`);
  return settings;
}

function nameAndValue(pair: string): readonly [name: string, value: string | undefined] {
  const at = pair.indexOf("=");
  return at < 0 ? [pair.trim(), undefined] : [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
}

/**
 * Upstream's defaults with what is set otherwise. Throws an Error in upstream's words for a gate that there is not, that
 * is locked, or that needs another one.
 */
export function featureGates(settings: FeatureGateSettings = {}): FeatureGates {
  const named = Object.entries(settings);
  const unknown = named.find(([name]) => !isKnown(name) && !Object.hasOwn(STAGES, name));
  if (unknown) throw new Error(`unrecognized feature gate: ${unknown[0]}`);
  refuse(
    named
      .filter(([name, value]) => isKnown(name) && gateOf(name).locked && gateOf(name).default !== value)
      .map(([name, value]) => `cannot set feature gate ${name} to ${value}, feature is locked to ${!value}`),
  );

  const ofStage = new Map(Object.entries(STAGES).map(([name, stage]) => [stage, settings[name]]));
  const enabled = (name: string): boolean => {
    const { stage, default: byDefault } = gateOf(name);
    return settings[name] ?? ofStage.get(stage) ?? byDefault;
  };
  refuse(
    NAMES.filter(enabled).flatMap((name) => {
      const off = gateOf(name).needs.filter((needed) => !enabled(needed));
      return off.length === 0
        ? []
        : [`${name} is enabled, but depends on features that are disabled: [${off.join(" ")}]`];
    }),
  );
  return {
    enabled,
    all: () => [
      ...Object.entries(STAGES).map(([name, stage]) => ({ name, stage, enabled: settings[name] ?? false })),
      ...NAMES.map((name) => ({ name, stage: gateOf(name).stage, enabled: enabled(name) })),
    ],
    warnings: warningsOf(named, enabled),
  };
}

/** Throws what upstream's aggregate of these errors says, if there are any. */
function refuse(errors: readonly string[]): void {
  if (errors.length > 0) throw new Error(errors.length === 1 ? errors[0] : `[${errors.join(", ")}]`);
}

function warningsOf(named: readonly (readonly [string, boolean])[], enabled: (name: string) => boolean): string[] {
  const going = named.flatMap(([name, value]) => {
    const stage = isKnown(name) ? gateOf(name).stage : undefined;
    if (stage !== "ga" && stage !== "deprecated") return [];
    return `Setting ${stage === "ga" ? "GA" : stage} feature gate ${name}=${value}. It will be removed in a future release.`;
  });
  const idle = NAMES.filter((name) => enabled(name) !== gateOf(name).default && !ACTED_ON.has(name));
  if (idle.length === 0) return going;
  return [
    ...going,
    `Knarr does not act on these feature gates: ${idle.map((name) => `${name}=${enabled(name)}`).join(", ")}`,
  ];
}

/** What Go's strconv.ParseBool takes; undefined for anything else. */
export function goBoolean(text: string): boolean | undefined {
  if (["1", "t", "T", "TRUE", "true", "True"].includes(text)) return true;
  if (["0", "f", "F", "FALSE", "false", "False"].includes(text)) return false;
  return undefined;
}

export const notBoolean = (text: string) => `strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`;
