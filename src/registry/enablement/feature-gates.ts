/** Which features are on. Handed to what depends on them: nothing reads a gate from elsewhere. */
export interface FeatureGates {
  enabled(gate: GateName): boolean;
}

interface Gate {
  readonly stage: "alpha" | "beta";
  readonly default: boolean;
}

/** The gates of upstream 1.36 that something here depends on. What they guard: {@link GATED_RESOURCES}. */
const GATES = {
  ClusterTrustBundle: { stage: "beta", default: false },
  CoordinatedLeaderElection: { stage: "beta", default: false },
  DRADeviceTaintRules: { stage: "beta", default: false },
  DRAResourcePoolStatus: { stage: "alpha", default: false },
  GenericWorkload: { stage: "alpha", default: false },
  PodCertificateRequest: { stage: "beta", default: false },
  StorageVersionAPI: { stage: "alpha", default: false },
  StorageVersionMigrator: { stage: "beta", default: false },
} as const satisfies Readonly<Record<string, Gate>>;

export type GateName = keyof typeof GATES;

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

/** The gates that turn all of a stage on or off; a gate that is named itself stays as named. */
const STAGES: Readonly<Record<string, Gate["stage"]>> = { AllAlpha: "alpha", AllBeta: "beta" };

/** By name. */
export type FeatureGateSettings = Readonly<Record<string, boolean>>;

/** Reads `Name=true,Other=false`. Throws an Error in upstream's words (component-base featuregate). */
export function parseFeatureGates(text: string): FeatureGateSettings {
  const settings: Record<string, boolean> = {};
  for (const pair of text.split(",")) {
    if (pair === "") continue;
    const at = pair.indexOf("=");
    const name = (at < 0 ? pair : pair.slice(0, at)).trim();
    if (at < 0) throw new Error(`missing bool value for ${name}`);
    const value = pair.slice(at + 1).trim();
    const read = goBoolean(value);
    if (read === undefined) throw new Error(`invalid value of ${name}=${value}, err: ${notBoolean(value)}`);
    settings[name] = read;
  }
  return settings;
}

/** Upstream's defaults with what is set otherwise. Throws an Error for a gate that there is not. */
export function featureGates(settings: FeatureGateSettings = {}): FeatureGates {
  const unknown = Object.keys(settings).find((name) => !Object.hasOwn(GATES, name) && !Object.hasOwn(STAGES, name));
  if (unknown !== undefined) throw new Error(`unrecognized feature gate: ${unknown}`);
  const stageOf = (stage: Gate["stage"]) => settings[stage === "alpha" ? "AllAlpha" : "AllBeta"];
  return {
    enabled(name) {
      const gate: Gate = GATES[name];
      return settings[name] ?? stageOf(gate.stage) ?? gate.default;
    },
  };
}

/** What Go's strconv.ParseBool takes; undefined for anything else. */
export function goBoolean(text: string): boolean | undefined {
  if (["1", "t", "T", "TRUE", "true", "True"].includes(text)) return true;
  if (["0", "f", "F", "FALSE", "false", "False"].includes(text)) return false;
  return undefined;
}

export const notBoolean = (text: string) => `strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`;
