import { createHash } from "node:crypto";
import { elfFile } from "./elf.ts";
import { pauseProgram, type Architecture } from "./program.ts";
import { tarArchive, type TarEntry } from "./tar.ts";

/** What the image of the pods' sandboxes is called. Another program gets another number. */
export const PAUSE_IMAGE = "knarr.dev/pause:1";

export interface ImageDescription {
  /** The full name: `knarr.dev/pause:1`. */
  readonly name: string;
  readonly architecture: Architecture;
  readonly files: readonly TarEntry[];
  /** As in an OCI image's configuration: `{ "Entrypoint": ["/pause"] }`. */
  readonly config: object;
}

/** An image of one layer, as an archive in the OCI image layout, which `ctr images import` takes. */
export function imageArchive({ name, architecture, files, config }: ImageDescription): Uint8Array {
  const layer = tarArchive(files);
  const configuration = json({
    architecture,
    os: "linux",
    config,
    rootfs: { type: "layers", diff_ids: [digestOf(layer)] },
    history: [{ created_by: "knarr" }],
  });
  const manifest = json({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: descriptor("application/vnd.oci.image.config.v1+json", configuration),
    layers: [descriptor("application/vnd.oci.image.layer.v1.tar", layer)],
  });
  const index = json({
    schemaVersion: 2,
    manifests: [
      {
        ...descriptor("application/vnd.oci.image.manifest.v1+json", manifest),
        platform: { architecture, os: "linux" },
        annotations: { "io.containerd.image.name": name },
      },
    ],
  });
  const file = (path: string, content: Uint8Array): TarEntry => ({ type: "file", path, content });
  const blob = (content: Uint8Array) => file(`blobs/sha256/${digestOf(content).slice("sha256:".length)}`, content);
  return tarArchive([
    file("oci-layout", json({ imageLayoutVersion: "1.0.0" })),
    file("index.json", index),
    ...[layer, configuration, manifest].map(blob),
  ]);
}

/** The image that every sandbox is made of. */
export function pauseArchive(architecture: Architecture): Uint8Array {
  const program = elfFile(architecture, pauseProgram(architecture));
  return imageArchive({
    name: PAUSE_IMAGE,
    architecture,
    files: [{ type: "file", path: "pause", mode: 0o755, content: program }],
    config: { Entrypoint: ["/pause"], User: "65535:65535" },
  });
}

const json = (value: object): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

const digestOf = (bytes: Uint8Array): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

const descriptor = (mediaType: string, bytes: Uint8Array) => ({
  mediaType,
  digest: digestOf(bytes),
  size: bytes.length,
});
