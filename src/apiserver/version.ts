/** What /version answers (apimachinery version.Info). */
export interface VersionInfo {
  readonly major: string;
  readonly minor: string;
  readonly emulationMajor: string;
  readonly emulationMinor: string;
  readonly minCompatibilityMajor: string;
  readonly minCompatibilityMinor: string;
  /** The Kubernetes version whose API is served, with what serves it as build metadata: `v1.36.0+knarr.0.1.0`. */
  readonly gitVersion: string;
  readonly gitCommit: string;
  readonly gitTreeState: string;
  readonly buildDate: string;
  readonly goVersion: string;
  readonly compiler: string;
  readonly platform: string;
}

/** The release of Kubernetes whose API this is. */
export const KUBERNETES_VERSION = "v1.36.0";

/** `platform` as Go names it, `linux/amd64`; `runtime` is what runs this, `node v24.1.0`. */
export function versionInfo(options: {
  readonly knarr: string;
  readonly platform: string;
  readonly runtime: string;
  readonly commit?: string;
  readonly buildDate?: string;
}): VersionInfo {
  const { knarr, platform, runtime, commit = "", buildDate = "1970-01-01T00:00:00Z" } = options;
  return {
    major: "1",
    minor: "36",
    emulationMajor: "1",
    emulationMinor: "36",
    minCompatibilityMajor: "1",
    minCompatibilityMinor: "35",
    gitVersion: `${KUBERNETES_VERSION}+knarr.${knarr}`,
    gitCommit: commit,
    gitTreeState: "clean",
    buildDate,
    goVersion: runtime,
    compiler: runtime.split(" ", 1)[0]!,
    platform,
  };
}
