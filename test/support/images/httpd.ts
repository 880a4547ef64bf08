import { readFileSync } from "node:fs";
import { join } from "node:path";
import { unpackedPackage } from "../packages.ts";
import { PATH_VARIABLE } from "./busybox.ts";
import { withParents } from "./files.ts";
import { sharedLibraries, threadLibrary } from "./libraries.ts";
import { image, layer, type Image, type Layer } from "./oci.ts";
import type { TarEntry } from "#kubelet/containerd";

const ROOT = "usr/local/apache2";
const MODULES = ["mpm_event", "authz_core", "mime", "dir", "alias", "autoindex", "status"] as const;
const CONFIG = `ServerRoot "/${ROOT}"
Listen 80
${MODULES.map((name) => `LoadModule ${name}_module modules/mod_${name}.so`).join("\n")}
User www-data
Group www-data
ServerName localhost
PidFile /${ROOT}/logs/httpd.pid
DocumentRoot "/${ROOT}/htdocs"
DirectoryIndex index.html
TypesConfig conf/mime.types
ErrorLog /proc/self/fd/2
LogLevel warn
LogFormat "%h %l %u %t \\"%r\\" %>s %b" common
CustomLog /proc/self/fd/1 common
<Directory "/${ROOT}/htdocs">
    Options Indexes FollowSymLinks
    Require all granted
</Directory>
`;
const MIME_TYPES = `text/html html htm
text/plain txt
text/css css
application/javascript js
application/json json
`;

/** Debian's Apache laid out as docker.io/library/httpd is: port 80, logs to the container's output. */
export async function httpdLayer(): Promise<Layer> {
  const debian = await unpackedPackage("apache2-bin");
  const binary = join(debian, "usr/sbin/apache2");
  const modules = MODULES.map((name) => [`mod_${name}.so`, join(debian, `usr/lib/apache2/modules/mod_${name}.so`)]);
  const entries: TarEntry[] = [
    ...(await sharedLibraries("apache2-bin", [binary, ...modules.map(([, path]) => path!)])),
    await threadLibrary(),
    { type: "file", path: `${ROOT}/bin/httpd`, mode: 0o755, content: readFileSync(binary) },
    ...modules.map(([name, path]): TarEntry => ({
      type: "file",
      path: `${ROOT}/modules/${name}`,
      content: readFileSync(path!),
    })),
    { type: "file", path: `${ROOT}/conf/httpd.conf`, content: CONFIG },
    { type: "file", path: `${ROOT}/conf/mime.types`, content: MIME_TYPES },
    { type: "file", path: `${ROOT}/htdocs/index.html`, content: "<html><body><h1>It works!</h1></body></html>\n" },
    { type: "directory", path: `${ROOT}/logs` },
    {
      type: "file",
      path: "usr/local/bin/httpd-foreground",
      mode: 0o755,
      content: `#!/bin/sh
set -e
# Left behind by a run that was killed, it would be taken for a server that is running.
rm -f /${ROOT}/logs/httpd.pid
# By its path: the shell has an httpd of its own, which it would take.
exec /${ROOT}/bin/httpd -f /${ROOT}/conf/httpd.conf -DFOREGROUND "$@"
`,
    },
  ];
  return layer(withParents(entries));
}

/** `/version` answers the tag, so that a test can see which image served it. */
export const httpdImage = (base: Layer, httpd: Layer, tag: string): Image =>
  image([base, httpd, layer(withParents([{ type: "file", path: `${ROOT}/htdocs/version`, content: `${tag}\n` }]))], {
    Cmd: ["httpd-foreground"],
    Env: [`HTTPD_PREFIX=/${ROOT}`, PATH_VARIABLE.replace("=", `=/${ROOT}/bin:`), `HTTPD_VERSION=${tag}`],
    WorkingDir: `/${ROOT}`,
    ExposedPorts: { "80/tcp": {} },
    StopSignal: "SIGWINCH",
    Labels: { "knarr.test/tag": tag },
  });
