import type { Volume, VolumeProjection } from "#objects";

type Files = readonly { readonly path: string }[] | undefined;

/** Files of one volume that are in the way of each other. Source: upstream warningsForOverlappingVirtualPaths. */
export function overlapWarnings(volumes: readonly Volume[]): string[] {
  return volumes.flatMap(({ name, configMap, secret, downwardAPI, projected }) => {
    const volume = `volume ${JSON.stringify(name)}`;
    const of = (files: Files, kind: string) => overlaps(pathsOf(files), `${volume} (${kind}): overlapping paths`);
    return [
      ...of(configMap?.items, `ConfigMap ${JSON.stringify(configMap?.name ?? "")}`),
      ...of(secret?.items, `Secret ${JSON.stringify(secret?.secretName ?? "")}`),
      ...of(downwardAPI?.items, "DownwardAPI"),
      ...(projected ? projectedWarnings(projected.sources ?? [], volume) : []),
    ];
  });
}

const pathsOf = (files: Files) => (files ?? []).map(({ path }) => path);

/** Within each source, and with those before it. */
function projectedWarnings(sources: readonly VolumeProjection[], volume: string): string[] {
  const before = new Set<string>();
  return sources.flatMap((source) => {
    if (Object.keys(source).length === 0) return [`${volume} (Projected) has no sources provided`];
    const { kind, paths } = projectedPaths(source);
    if (paths.length === 0) return [];
    const text = `${volume} (Projected ${kind}): overlapping paths`;
    const unique = [...new Set(paths)];
    const together = [...unique, ...before].toSorted();
    for (const path of unique) before.add(path);
    return [...overlaps(paths, text), ...overlaps(together, text)];
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

function overlaps(paths: readonly string[], text: string): string[] {
  const seen: string[] = [];
  return paths.flatMap((each) => {
    const path = each.replace(/\/+$/, "");
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
