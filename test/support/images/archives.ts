import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { blobPath, testImages, type Catalog } from "./catalog.ts";
import { sha256, type Descriptor } from "./oci.ts";
import { tarArchive, type TarEntry } from "#kubelet/containerd";

interface Manifest {
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/** A test image as an archive with an OCI layout, under a name: `docker.io/team/app:1`. */
export async function ociArchive(image: string, name: string): Promise<Buffer> {
  const catalog = await testImages();
  const { root, digests } = find(catalog, image);
  const annotations = { "org.opencontainers.image.ref.name": name, "io.containerd.image.name": name };
  const index = { schemaVersion: 2, manifests: [{ ...root, annotations }] };
  return tarArchive([
    { type: "file", path: "oci-layout", content: JSON.stringify({ imageLayoutVersion: "1.0.0" }) },
    { type: "file", path: "index.json", content: JSON.stringify(index) },
    ...digests.map((digest): TarEntry => ({
      type: "file",
      path: `blobs/${digest.replace(":", "/")}`,
      content: readFileSync(blobPath(catalog, digest)),
    })),
  ]);
}

/** A test image as `docker save` writes it. */
export async function dockerArchive(image: string, name: string): Promise<Buffer> {
  const catalog = await testImages();
  const blob = (digest: string) => readFileSync(blobPath(catalog, digest));
  const { config, layers } = JSON.parse(blob(find(catalog, image).root.digest).toString()) as Manifest;
  const unpacked = layers.map(({ digest }) => gunzipSync(blob(digest)));
  const hex = (digest: string) => digest.replace("sha256:", "");
  const paths = unpacked.map((bytes) => `${hex(sha256(bytes))}/layer.tar`);
  const manifest = [{ Config: `${hex(config.digest)}.json`, RepoTags: [name], Layers: paths }];
  return tarArchive([
    { type: "file", path: `${hex(config.digest)}.json`, content: blob(config.digest) },
    // Equal layers are there once.
    ...new Map(paths.map((path, at) => [path, unpacked[at]!])).entries().map(([path, content]): TarEntry => ({
      type: "file",
      path,
      content,
    })),
    { type: "file", path: "manifest.json", content: JSON.stringify(manifest) },
  ]);
}

function find(catalog: Catalog, image: string) {
  const found = catalog.images.get(image);
  if (!found) throw new Error(`there is no test image ${image}`);
  return found;
}
