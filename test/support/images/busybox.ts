import { readFileSync } from "node:fs";
import { join } from "node:path";
import { must } from "../commands.ts";
import { unpackedPackage } from "../packages.ts";
import { withParents } from "./files.ts";
import { image, layer, type Image, type Layer } from "./oci.ts";
import type { TarEntry } from "#kubelet/containerd";

const ACCOUNTS = {
  "etc/passwd": `root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/bin/false
www-data:x:33:33:www-data:/var/www:/bin/false
nginx:x:101:101:nginx:/nonexistent:/bin/false
nobody:x:65534:65534:nobody:/home:/bin/false
`,
  "etc/group": `root:x:0:
daemon:x:1:
www-data:x:33:
nginx:x:101:
nobody:x:65534:
`,
  "etc/nsswitch.conf": `passwd: files
group: files
hosts: files dns
`,
};

/** A shell with its tools, and the accounts of the other images: what they all stand on. */
export async function baseLayer(): Promise<Layer> {
  const busybox = join(await unpackedPackage("busybox-static"), "bin/busybox");
  const applets = (await must(busybox, ["--list"])).split("\n").filter((name) => name && name !== "busybox");
  const entries: TarEntry[] = [
    { type: "file", path: "bin/busybox", mode: 0o755, content: readFileSync(busybox) },
    ...applets.map((name): TarEntry => ({ type: "symlink", path: `bin/${name}`, target: "/bin/busybox" })),
    ...Object.entries(ACCOUNTS).map(([path, content]): TarEntry => ({ type: "file", path, content })),
    { type: "directory", path: "root", mode: 0o700 },
    { type: "directory", path: "tmp", mode: 0o1777 },
    { type: "directory", path: "home" },
    { type: "directory", path: "var/run" },
    { type: "directory", path: "var/www" },
  ];
  return layer(withParents(entries));
}

/** As docker.io/library/busybox. */
export const busyboxImage = (base: Layer, tag: string): Image =>
  image([base], { Cmd: ["sh"], Env: [PATH_VARIABLE], Labels: { "knarr.test/tag": tag } });

export const PATH_VARIABLE = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** As registry.k8s.io/pause: holds the namespaces of a Pod, and reaps orphaned processes. */
export const pauseImage = (base: Layer): Image =>
  image([base], {
    Entrypoint: ["/bin/sh", "-c", "trap 'exit 0' TERM INT; while :; do sleep 2147483647 & wait $!; done"],
    Env: [PATH_VARIABLE],
    User: "65535:65535",
  });
