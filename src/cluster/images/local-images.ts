import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { fullImageName } from "#objects";
import { findRunning } from "../data-dir/running.ts";
import { decompressed } from "./archive.ts";
import { ctrOn, ImageError, type Ctr } from "./ctr.ts";
import { groupImages, namesToRemove, parseImageList, type LocalImage } from "./listing.ts";

/** The images that the containers of a running cluster are made of. Everything rejects with an {@link ImageError}. */
export interface LocalImages {
  /** Takes in an archive of `docker save` or of an OCI layout, packed or not; resolves to the names it brought. */
  load(archive: Readable): Promise<readonly string[]>;
  list(): Promise<readonly LocalImage[]>;
  /** By any of its names or its digest; resolves to the names that are gone. */
  remove(name: string): Promise<readonly string[]>;
}

/** Where a private containerd listens, below the data directory. */
const SOCKET = join("containerd", "containerd.sock");

/** The images of the cluster that runs on a data directory. */
export async function localImages(dataDir: string): Promise<LocalImages> {
  const found = await findRunning(dataDir);
  if (!found?.alive) {
    throw new ImageError(`no cluster is running in ${dataDir}: images are kept by what runs its containers`);
  }
  const socket = found.cluster.containerdSocket ?? join(dataDir, SOCKET);
  if (!existsSync(socket)) {
    throw new ImageError("this cluster's nodes are simulated: it has no images (see `knarr up --runtime containerd`)");
  }
  return imagesOn(ctrOn(socket));
}

/** The images of one containerd. */
export function imagesOn(ctr: Ctr): LocalImages {
  const references = async () => parseImageList(await ctr(["images", "list"]));
  return {
    async load(archive) {
      const printed = await ctr(
        ["images", "import", "--digests", "--skip-digest-for-named", "-"],
        decompressed(archive),
      );
      // `unpacking docker.io/library/app:1 (sha256:…)...done`
      const names = [...printed.matchAll(/^unpacking (\S+)/gm)].map(([, name]) => name!);
      if (names.length === 0) throw new ImageError("the archive has no image for this machine in it");
      return names;
    },
    list: async () => groupImages(await references()),
    async remove(name) {
      const names = namesToRemove(await references(), name.startsWith("sha256:") ? name : fullImageName(name));
      if (!names) throw new ImageError(`there is no image ${JSON.stringify(name)}`);
      await ctr(["images", "remove", ...names]);
      return names;
    },
  };
}
