import type { Volume, VolumeProjection } from "#objects";

type Files = readonly { readonly path: string }[] | undefined;

/** Files of one volume that are in the way of each other. Source: upstream warningsForOverlappingVirtualPaths. */
export function overlapWarnings(volumes: readonly Volume[]): string[] {
  const budget: Budget = { comparisons: MAX_COMPARISONS };
  return volumes.flatMap(({ name, configMap, secret, downwardAPI, projected }) => {
    const volume = `volume ${JSON.stringify(name)}`;
    const of = (files: Files, kind: string) =>
      overlaps(pathsOf(files), `${volume} (${kind}): overlapping paths`, budget);
    return [
      ...of(configMap?.items, `ConfigMap ${JSON.stringify(configMap?.name ?? "")}`),
      ...of(secret?.items, `Secret ${JSON.stringify(secret?.secretName ?? "")}`),
      ...of(downwardAPI?.items, "DownwardAPI"),
      ...(projected ? projectedWarnings(projected.sources ?? [], volume, budget) : []),
    ];
  });
}

const pathsOf = (files: Files) => (files ?? []).map(({ path }) => path);

/** Within each source, and with those before it. */
function projectedWarnings(sources: readonly VolumeProjection[], volume: string, budget: Budget): string[] {
  const before = new Set<string>();
  const apart = createApart();
  return sources.flatMap((source) => {
    if (Object.keys(source).length === 0) return [`${volume} (Projected) has no sources provided`];
    const { kind, paths } = projectedPaths(source);
    if (paths.length === 0) return [];
    const text = `${volume} (Projected ${kind}): overlapping paths`;
    const unique = [...new Set(paths)];
    const clean = unique.map((path) => apart.add(trimmed(path))).every(Boolean);
    const together = clean || budget.comparisons <= 0 ? [] : [...unique, ...before].toSorted();
    for (const path of unique) before.add(path);
    return [...overlaps(paths, text, budget), ...overlaps(together, text, budget)];
  });
}

function projectedPaths(source: VolumeProjection): { readonly kind: string; readonly paths: readonly string[] } {
  const { configMap, secret, downwardAPI, serviceAccountToken, clusterTrustBundle } = source;
  if (configMap?.items)
    return { kind: `ConfigMap ${JSON.stringify(configMap.name ?? "")}`, paths: pathsOf(configMap.items) };
  if (secret?.items) return { kind: `Secret ${JSON.stringify(secret.name ?? "")}`, paths: pathsOf(secret.items) };
  if (downwardAPI?.items) return { kind: "DownwardAPI", paths: pathsOf(downwardAPI.items) };
  if (serviceAccountToken) return { kind: "ServiceAccountToken", paths: [serviceAccountToken.path] };
  if (!clusterTrustBundle) return { kind: "", paths: [] };
  const { name, signerName = "", path } = clusterTrustBundle;
  return { kind: `ClusterTrustBundle ${JSON.stringify(name ?? signerName)}`, paths: [path] };
}

/**
 * Finding out which of many paths collides with which takes a comparison of each with each. A Pod that needs more than
 * this gets no more of these warnings.
 */
interface Budget {
  comparisons: number;
}
const MAX_COMPARISONS = 1_000_000;

const trimmed = (path: string) => path.replace(/\/+$/, "");

/** Paths of which none is the beginning of another, in order. */
interface Apart {
  /** Returns whether that is still so. */
  add(path: string): boolean;
}

function createApart(): Apart {
  const sorted: string[] = [];
  let clean = true;
  return {
    add(path) {
      if (!clean) return false;
      let low = 0;
      let high = sorted.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (sorted[middle]! < path) low = middle + 1;
        else high = middle;
      }
      // What begins with a path comes right behind it, as long as nothing else there begins with another.
      clean = path !== "" && !sorted[low]?.startsWith(path) && !(low > 0 && path.startsWith(sorted[low - 1]!));
      sorted.splice(low, 0, path);
      return clean;
    },
  };
}

function areApart(paths: readonly string[]): boolean {
  const sorted = paths.toSorted();
  return sorted.every((path, i) => path !== "" && (i === 0 || !path.startsWith(sorted[i - 1]!)));
}

function overlaps(given: readonly string[], text: string, budget: Budget): string[] {
  const paths = given.map(trimmed);
  if (areApart(paths)) return [];
  const seen: string[] = [];
  return paths.flatMap((path) => {
    budget.comparisons -= seen.length;
    if (budget.comparisons < 0) return [];
    const collision = collisionWith(seen, path);
    seen.push(path);
    return collision ? [`${text}: ${JSON.stringify(path)} with ${JSON.stringify(collision)}`] : [];
  });
}

/** A path that is the same, or that is in the folder that the other is. Upstream compares prefixes of texts. */
function collisionWith(others: readonly string[], path: string): string {
  for (const other of others) {
    if (other === "" || path === "") return "";
    if (other === path || `${other}/`.startsWith(path) || `${path}/`.startsWith(other)) return other;
  }
  return "";
}
