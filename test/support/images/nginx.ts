import { readFileSync } from "node:fs";
import { join } from "node:path";
import { unpackedPackage } from "../packages.ts";
import { PATH_VARIABLE } from "./busybox.ts";
import { filesBelow, withParents } from "./files.ts";
import { sharedLibraries } from "./libraries.ts";
import { image, layer, type Image, type Layer } from "./oci.ts";
import type { TarEntry } from "#kubelet/containerd";

const CONFIG = `user  nginx;
worker_processes  1;
error_log  /var/log/nginx/error.log notice;
pid        /run/nginx.pid;
events { worker_connections  1024; }
http {
    include       /etc/nginx/mime.types;
    default_type  application/octet-stream;
    log_format  main  '$remote_addr - $remote_user [$time_local] "$request" '
                      '$status $body_bytes_sent "$http_referer" "$http_user_agent" "$http_x_forwarded_for"';
    access_log  /var/log/nginx/access.log  main;
    sendfile           on;
    keepalive_timeout  65;
    include /etc/nginx/conf.d/*.conf;
}
`;
const DEFAULT_SERVER = `server {
    listen       80;
    server_name  localhost;
    location / {
        root   /usr/share/nginx/html;
        index  index.html index.htm;
    }
}
`;

/** Debian's nginx laid out as docker.io/library/nginx is: port 80, logs to the container's output. */
export async function nginxLayer(): Promise<Layer> {
  const [program, common] = [await unpackedPackage("nginx"), await unpackedPackage("nginx-common")];
  const binary = join(program, "usr/sbin/nginx");
  const entries: TarEntry[] = [
    ...(await sharedLibraries("nginx", [binary])),
    { type: "file", path: "usr/sbin/nginx", mode: 0o755, content: readFileSync(binary) },
    { type: "file", path: "etc/nginx/nginx.conf", content: CONFIG },
    { type: "file", path: "etc/nginx/conf.d/default.conf", content: DEFAULT_SERVER },
    { type: "file", path: "etc/nginx/mime.types", content: readFileSync(join(common, "etc/nginx/mime.types")) },
    ...filesBelow(join(common, "usr/share/nginx/html"), "usr/share/nginx/html"),
    { type: "symlink", path: "var/log/nginx/access.log", target: "/dev/stdout" },
    { type: "symlink", path: "var/log/nginx/error.log", target: "/dev/stderr" },
    { type: "directory", path: "var/lib/nginx", mode: 0o755 },
    { type: "directory", path: "run" },
  ];
  return layer(withParents(entries));
}

/** `/version` answers the tag, so that a test can see which image served it. */
export const nginxImage = (base: Layer, nginx: Layer, tag: string): Image =>
  image(
    [base, nginx, layer(withParents([{ type: "file", path: "usr/share/nginx/html/version", content: `${tag}\n` }]))],
    {
      Cmd: ["nginx", "-g", "daemon off;"],
      Env: [PATH_VARIABLE, `NGINX_VERSION=${tag}`],
      ExposedPorts: { "80/tcp": {} },
      StopSignal: "SIGQUIT",
      Labels: { "knarr.test/tag": tag },
    },
  );
