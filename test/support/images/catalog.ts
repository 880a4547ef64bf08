import { createHash } from "node:crypto";
import { globSync, readFileSync } from "node:fs";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { withLock } from "../lock.ts";
import { cacheFolder } from "../paths.ts";
import { corruptImage, foreignImage, largeImage } from "./awkward.ts";
import { baseLayer, busyboxImage, pauseImage } from "./busybox.ts";
import { httpdImage, httpdLayer } from "./httpd.ts";
import { nginxImage, nginxLayer } from "./nginx.ts";
import type { Descriptor, Image } from "./oci.ts";
import { serverImage, serverLayer } from "./server.ts";

/** Every test image, as files: what each `repository:tag` stands for, and a folder with all blobs. */
export interface Catalog {
  readonly folder: string;
  /** By `library/nginx:1.29`. */
  readonly images: ReadonlyMap<string, { readonly root: Descriptor; readonly digests: readonly string[] }>;
}

const LARGE_MEGABYTES = 64;

/** Names as in a registry, without its host; what docker.io has under `library/` is found there too. */
async function build(): Promise<Map<string, Image>> {
  const base = await baseLayer();
  const [nginx, httpd, server] = [await nginxLayer(), await httpdLayer(), await serverLayer()];
  const named = (repository: string, tags: readonly string[], make: (tag: string) => Image) =>
    tags.map((tag) => [`${repository}:${tag}`, make(tag)] as const);
  return new Map([
    ...named("library/busybox", ["latest", "1.36"], (tag) => busyboxImage(base, tag)),
    ...named("library/nginx", ["latest", "1.27", "1.28", "1.29"], (tag) => nginxImage(base, nginx, tag)),
    ...named("library/httpd", ["latest", "2.4"], (tag) => httpdImage(base, httpd, tag)),
    ...named("test/server", ["latest", "1", "2", "3"], (tag) => serverImage(base, server, tag)),
    ...named("test/corrupt", ["1"], () => corruptImage(base)),
    ...named("test/foreign", ["1"], () => foreignImage(base)),
    ...named("test/large", ["1"], () => largeImage(base, LARGE_MEGABYTES)),
    ...named("pause", ["3.6", "3.8", "3.10", "3.10.1"], () => pauseImage(base)),
  ]);
}

/** Changes with the recipes. Newer Debian packages are taken once the cache is removed. */
function recipe(): string {
  const hash = createHash("sha256");
  for (const file of globSync("*.{ts,pl}", { cwd: import.meta.dirname }).sort()) {
    if (!file.endsWith(".test.ts")) hash.update(readFileSync(join(import.meta.dirname, file))).update("\0");
  }
  return hash.digest("hex").slice(0, 16);
}

/** Builds the images unless that was done before; another process that is at it is waited for. */
export async function testImages(): Promise<Catalog> {
  const folder = join(cacheFolder("images"), recipe());
  if (!existsSync(folder)) {
    await withLock("images", async () => {
      if (existsSync(folder)) return;
      const fresh = await mkdtemp(join(cacheFolder("work"), "images-"));
      await write(fresh, await build());
      await rename(fresh, folder);
    });
  }
  const listed = JSON.parse(readFileSync(join(folder, "images.json"), "utf8")) as [string, never][];
  return { folder, images: new Map(listed) };
}

/** `sha256:<hex>` as a file of the catalog. */
export const blobPath = ({ folder }: Pick<Catalog, "folder">, digest: string): string =>
  join(folder, "blobs", digest.replace(":", "/"));

async function write(folder: string, images: ReadonlyMap<string, Image>): Promise<void> {
  mkdirSync(join(folder, "blobs/sha256"), { recursive: true });
  for (const { blobs } of images.values()) {
    // A blob that is not what its digest says stands under an image's own name only: it must not spoil others.
    for (const [digest, bytes] of blobs) await writeFile(blobPath({ folder }, digest), bytes);
  }
  const listed = [...images].map(([name, { root, blobs }]) => [name, { root, digests: [...blobs.keys()] }]);
  await writeFile(join(folder, "images.json"), JSON.stringify(listed));
}

/** Forgets what was built and unpacked, so that it is made anew from what Debian has now. */
export async function forgetImages(): Promise<void> {
  await rm(cacheFolder("images"), { recursive: true, force: true });
  await rm(cacheFolder("packages"), { recursive: true, force: true });
}
