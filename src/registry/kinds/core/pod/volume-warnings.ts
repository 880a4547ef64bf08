import type { Volume } from "#objects";
import { claimSpecWarnings } from "../volume-claim-warnings.ts";
import { overlapWarnings } from "./overlap-warnings.ts";

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
    ...volumes.flatMap(({ ephemeral }, i) =>
      claimSpecWarnings(ephemeral?.volumeClaimTemplate?.spec, `${path}[${i}].ephemeral.volumeClaimTemplate.spec`),
    ),
    ...overlapWarnings(volumes),
  ];
}
