import type { ResourceDefinition } from "../definition.ts";
import { GATED_RESOURCES, goBoolean, notBoolean, type FeatureGates } from "./feature-gates.ts";

/**
 * Which APIs are served besides upstream's defaults, or not: `api/all`, `api/ga`, `api/beta`, `api/alpha`,
 * `<group>/<version>`, `<group>/<version>/<resource>`. The more precise key wins.
 */
export type RuntimeConfig = Readonly<Record<string, boolean>>;

/** Whether a resource of a version is served. */
export type Serves = (group: string, version: string, resource: string) => boolean;

/** The keys that stand for many versions, in the order in which they are applied. */
const LEVELS: readonly (readonly [key: string, versions: RegExp])[] = [
  ["api/all", /^/],
  ["api/ga", /^v\d+$/],
  ["api/beta", /^v\d+beta\d+$/],
  ["api/alpha", /^v\d+alpha\d+$/],
];
const isLevel = (key: string) => LEVELS.some(([level]) => level === key);

/** Upstream 1.36 serves no alpha and no beta version unless it is asked for. */
const GENERALLY_AVAILABLE = /^v\d+$/;

/** Served by metrics-server upstream, of which the API server's configuration says nothing. */
const AGGREGATED = new Set(["metrics.k8s.io"]);

/** Reads `api/all=true,apps/v1/deployments=false`. Throws an Error in upstream's words (apiserver resourceconfig). */
export function parseRuntimeConfig(text: string): RuntimeConfig {
  const config: Record<string, boolean> = {};
  for (const pair of text.split(",")) {
    if (pair === "") continue;
    const at = pair.indexOf("=");
    const key = (at < 0 ? pair : pair.slice(0, at)).trim();
    const value = at < 0 ? "" : pair.slice(at + 1).trim();
    if (isLevel(key)) {
      if (value !== "true" && value !== "false") throw new Error(`invalid value ${key}=${value}`);
      config[key] = value === "true";
    } else {
      const read = value === "" ? true : goBoolean(value);
      if (read === undefined) throw new Error(`invalid value of ${key}: ${value}, err: ${notBoolean(value)}`);
      config[key] = read;
    }
  }
  return config;
}

/**
 * What of the built-in kinds is served. Throws an Error in upstream's words for a key that names nothing (apiserver
 * options APIEnablementOptions, resourceconfig).
 */
export function servedApis(
  config: RuntimeConfig,
  gates: FeatureGates,
  definitions: readonly ResourceDefinition[],
): Serves {
  checkRuntimeConfig(config, definitions);
  return (group, version, resource) => {
    if (AGGREGATED.has(group)) return true;
    const gate = GATED_RESOURCES[`${group}/${resource}`];
    if (gate !== undefined && !gates.enabled(gate)) return false;
    let served = GENERALLY_AVAILABLE.test(version);
    for (const [level, versions] of LEVELS) if (versions.test(version)) served = config[level] ?? served;
    return config[`${group}/${version}/${resource}`] ?? config[`${group}/${version}`] ?? served;
  };
}

function checkRuntimeConfig(config: RuntimeConfig, definitions: readonly ResourceDefinition[]): void {
  const keys = Object.keys(config);
  if (keys.length === 1 && config["api/all"] === false) {
    throw new Error("invalid runtime-config with only api/all=false");
  }
  const groups = new Map<string, Set<string>>();
  for (const { group, versions } of definitions) {
    for (const { group: own = group, version } of versions) {
      if (AGGREGATED.has(own)) continue;
      const known = groups.get(own);
      if (known) known.add(version);
      else groups.set(own, new Set([version]));
    }
  }
  const named = keys.filter((key) => !isLevel(key)).map((key) => ({ key, tokens: key.split("/") }));
  const malformed = named.find(({ tokens }) => tokens.length !== 2 && tokens.length !== 3);
  if (malformed) throw new Error(`runtime-config invalid key ${malformed.key}`);
  const nameOf = ([group = "", version = ""]: readonly string[]) => (group ? `${group}/${version}` : version);
  const unknown = new Set(named.filter(({ tokens }) => !groups.has(tokens[0]!)).map(({ tokens }) => nameOf(tokens)));
  if (unknown.size > 0) throw new Error(`unknown api groups ${[...unknown].sort().join(",")}`);
  for (const { key, tokens } of named) {
    const [group, version, resource] = tokens;
    if (!groups.get(group!)!.has(version!)) {
      throw new Error(`group version ${nameOf(tokens)} that has not been registered`);
    }
    if (resource !== undefined && resource !== resource.toLowerCase()) {
      throw new Error(
        `invalid key ${key}: group/version/resource and resource is always lowercase plural, not ${JSON.stringify(resource)}`,
      );
    }
  }
}
