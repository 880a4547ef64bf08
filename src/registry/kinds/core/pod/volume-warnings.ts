import type { Volume, VolumeProjection } from "#objects";

/** Volume sources that are on their way out, or gone. */
const OLD_SOURCES: Readonly<Partial<Record<keyof Volume, readonly [field: string, text: string]>>> = {
  photonPersistentDisk: ["photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"],
  gitRepo: ["gitRepo", "deprecated in v1.11, and disabled by default in v1.33+"],
  scaleIO: ["scaleIO", "deprecated in v1.16, non-functional in v1.22+"],
  flocker: ["flocker", "deprecated in v1.22, non-functional in v1.25+"],
  storageos: ["storageOS", "deprecated in v1.22, non-functional in v1.25+"],
  quobyte: ["quobyte", "deprecated in v1.22, non-functional in v1.25+"],
  glusterfs: ["glusterfs", "deprecated in v1.25, non-functional in v1.26+"],
  cephfs: ["cephfs", "deprecated in v1.28, non-functional in v1.31+"],
  rbd: ["rbd", "deprecated in v1.28, non-functional in v1.31+"],
};

/** Source: upstream pkg/api/pod warningsForPodSpecAndMeta. */
export function volumeWarnings(volumes: readonly Volume[], path: string): string[] {
  return [
    ...volumes.flatMap((volume, i) =>
      Object.entries(OLD_SOURCES).flatMap(([source, [field, text]]) =>
        volume[source as keyof Volume] === undefined ? [] : [`${path}[${i}].${field}: ${text}`],
      ),
    ),
    ...tokenPathWarnings(volumes, path),
  ];
}

/** Files of a projected volume that stand where a token stands. */
function tokenPathWarnings(volumes: readonly Volume[], path: string): string[] {
  const tokens = new Set(
    volumes.flatMap(({ projected }) =>
      (projected?.sources ?? []).flatMap((source) => source.serviceAccountToken?.path ?? []),
    ),
  );
  if (tokens.size === 0) return [];
  return volumes.flatMap(({ projected }, i) =>
    (projected?.sources ?? [])
      .flatMap(filesOf)
      .filter(({ file }) => tokens.has(file))
      .map(
        ({ at, file }) =>
          `${path}[${i}].projected.sources.${at}: has duplicated path with ServiceAccountToken ${JSON.stringify(file)}`,
      ),
  );
}

function filesOf(source: VolumeProjection): readonly { readonly at: string; readonly file: string }[] {
  const { configMap, secret, downwardAPI, clusterTrustBundle } = source;
  const listed = (items: readonly { readonly path: string }[] | undefined, name: string) =>
    (items ?? []).map(({ path }, i) => ({ at: `${name}[${i}]`, file: path }));
  return [
    ...listed(configMap?.items, "configMap"),
    ...listed(secret?.items, "secrets"),
    ...listed(downwardAPI?.items, "downwardAPI"),
    ...(clusterTrustBundle ? [{ at: "ClusterTrustBundle", file: clusterTrustBundle.path }] : []),
  ];
}
