import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { tarArchive, type TarEntry } from "#kubelet/containerd";

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: Platform;
}

export interface Platform {
  readonly os: string;
  readonly architecture: string;
}

/** An image as a registry has it: what its name stands for, and every blob by its digest. */
export interface Image {
  /** Of the manifest, or of the index of several. */
  readonly root: Descriptor;
  readonly blobs: ReadonlyMap<string, Uint8Array>;
}

export interface Layer {
  readonly descriptor: Descriptor;
  /** Of the archive before it was compressed. */
  readonly diffId: string;
  readonly bytes: Uint8Array;
}

/** As in the `config` of an OCI image. */
export interface ImageConfig {
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Env?: readonly string[];
  readonly User?: string;
  readonly WorkingDir?: string;
  readonly StopSignal?: string;
  readonly ExposedPorts?: Readonly<Record<string, object>>;
  readonly Volumes?: Readonly<Record<string, object>>;
  readonly Labels?: Readonly<Record<string, string>>;
}

export const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
export const INDEX = "application/vnd.oci.image.index.v1+json";
const CONFIG = "application/vnd.oci.image.config.v1+json";
const LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: "amd64", ia32: "386", arm64: "arm64", arm: "arm" };

/** What this machine runs. */
export const LOCAL_PLATFORM: Platform = {
  os: "linux",
  architecture: ARCHITECTURES[process.arch] ?? process.arch,
};

export const sha256 = (bytes: Uint8Array | string): string =>
  `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

export function layer(entries: Iterable<TarEntry>): Layer {
  const archive = tarArchive(entries);
  const bytes = gzipSync(archive, { level: 6 });
  return { descriptor: describe(LAYER, bytes), diffId: sha256(archive), bytes };
}

/** Equal layers and config make an equal image, whenever it is made. */
export function image(layers: readonly Layer[], config: ImageConfig, platform: Platform = LOCAL_PLATFORM): Image {
  const configBytes = json({
    created: "1970-01-01T00:00:00Z",
    ...platform,
    config,
    rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map(() => ({ created: "1970-01-01T00:00:00Z" })),
  });
  const configDescriptor = describe(CONFIG, configBytes);
  const manifest = json({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: configDescriptor,
    layers: layers.map(({ descriptor }) => descriptor),
  });
  const root = { ...describe(MANIFEST, manifest), platform };
  return {
    root,
    blobs: new Map([
      ...layers.map(({ descriptor, bytes }) => [descriptor.digest, bytes] as const),
      [configDescriptor.digest, configBytes],
      [root.digest, manifest],
    ]),
  };
}

/** One name for the same image on several platforms. */
export function index(images: readonly Image[]): Image {
  const bytes = json({ schemaVersion: 2, mediaType: INDEX, manifests: images.map(({ root }) => root) });
  const root = describe(INDEX, bytes);
  return { root, blobs: new Map([...images.flatMap(({ blobs }) => [...blobs]), [root.digest, bytes]]) };
}

const json = (value: object) => Buffer.from(JSON.stringify(value));

const describe = (mediaType: string, bytes: Uint8Array): Descriptor => ({
  mediaType,
  digest: sha256(bytes),
  size: bytes.length,
});
