import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { unpackedPackage } from "../packages.ts";
import { PATH_VARIABLE } from "./busybox.ts";
import { filesBelow, withParents } from "./files.ts";
import { sharedLibraries } from "./libraries.ts";
import { image, layer, type Image, type Layer } from "./oci.ts";
import type { TarEntry } from "#kubelet/containerd";

/** Debian's smallest Perl and the scripts beside this file: a server that does what a test asks of it. */
export async function serverLayer(): Promise<Layer> {
  const debian = await unpackedPackage("perl-base");
  const binary = join(debian, "usr/bin/perl");
  // Tables of all of Unicode's characters: a third of the package, and nothing here looks into them.
  const keep = (path: string) => !path.includes("/unicore/");
  const [modules] = globSync("usr/lib/*/perl-base", { cwd: debian });
  const entries: TarEntry[] = [
    ...(await sharedLibraries("perl-base", [binary])),
    { type: "file", path: "usr/bin/perl", mode: 0o755, content: readFileSync(binary) },
    ...filesBelow(join(debian, modules!), modules!, keep),
    script("usr/bin/server", "server.pl"),
    script("usr/lib/test-server/grpc-health.pl", "grpc-health.pl"),
  ];
  return layer(withParents(entries));
}

const script = (path: string, name: string): TarEntry => ({
  type: "file",
  path,
  mode: 0o755,
  content: readFileSync(join(import.meta.dirname, name)),
});

/** `/version` answers the tag. */
export const serverImage = (base: Layer, server: Layer, tag: string): Image =>
  image([base, server], {
    Entrypoint: ["/usr/bin/server"],
    Env: [PATH_VARIABLE, `TEST_SERVER_VERSION=${tag}`],
    ExposedPorts: { "8080/tcp": {} },
    Labels: { "knarr.test/tag": tag },
  });
