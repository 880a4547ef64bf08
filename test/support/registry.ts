import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { linkSync, mkdirSync, writeFileSync, existsSync, copyFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { systemClock } from "#base";
import { createAuthority, issueCertificate } from "#wire";
import { findCommand, must } from "./commands.ts";
import { blobPath, testImages, type Catalog } from "./images/catalog.ts";
import type { TestNamespace } from "./network-namespace.ts";
import { unpackedPackage } from "./packages.ts";

export interface TestRegistryOptions {
  /** On the loopback of the namespace, with TLS on its address; default 5000. */
  readonly port?: number;
  /** Only who knows these gets anything. */
  readonly credentials?: { readonly username: string; readonly password: string };
  /** HTTPS, by an authority that clients do not know yet. */
  readonly tls?: boolean;
}

/** Debian's docker-registry with every test image in it, inside a test's network. */
export interface TestRegistry extends AsyncDisposable {
  /** As it stands in the names of images: `127.0.0.1:5000`; containerd asks loopback without TLS by itself. */
  readonly host: string;
  /** `http://127.0.0.1:5000` */
  readonly url: string;
  /** With TLS: the authority's certificate, PEM, and a file with it. */
  readonly ca?: { readonly pem: string; readonly file: string };
  /** What was asked of it so far, a line each. */
  log(): string;
  /** The same image under one more name: `tag("library/nginx:1.29", "team/app:1")`; an existing tag moves. */
  tag(image: string, as: string): void;
  /** Ends it as if its machine had gone; `start` brings it back with what it had. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

export async function startRegistry(
  namespace: TestNamespace,
  options: TestRegistryOptions = {},
): Promise<TestRegistry> {
  const { port = 5000, credentials, tls = false } = options;
  const program =
    findCommand("docker-registry") ?? join(await unpackedPackage("docker-registry"), "usr/bin/docker-registry");
  const catalog = await testImages();
  const dir = await mkdtemp(join(tmpdir(), "knarr-registry-"));
  const storage = join(dir, "storage/docker/registry/v2");
  for (const name of catalog.images.keys()) addTag(storage, catalog, name, name);
  const ip = tls ? namespace.address : "127.0.0.1";
  const ca = tls ? await certificates(dir, ip) : undefined;
  if (credentials)
    writeFileSync(join(dir, "htpasswd"), `${credentials.username}:${await bcrypt(credentials.password)}\n`);
  writeFileSync(
    join(dir, "config.json"),
    JSON.stringify(configuration(dir, `${ip}:${port}`, credentials !== undefined, tls)),
  );

  let log = "";
  const launch = async () => {
    const child = namespace.spawn(program, ["serve", join(dir, "config.json")], { stdio: ["ignore", "pipe", "pipe"] });
    const ended = once(child, "exit");
    const listening = Promise.withResolvers<void>();
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        log += text;
        if (text.includes("listening on")) listening.resolve();
      });
    }
    await Promise.race([
      listening.promise,
      ended.then(() => Promise.reject(new Error(`docker-registry ended: ${log}`))),
    ]);
    return async () => {
      child.kill("SIGKILL");
      await ended;
    };
  };
  let end: (() => Promise<void>) | undefined = await launch();
  const registry: TestRegistry = {
    host: `${ip}:${port}`,
    url: `${tls ? "https" : "http"}://${ip}:${port}`,
    ...(ca ? { ca } : {}),
    log: () => log,
    tag: (image, as) => addTag(storage, catalog, image, as),
    async stop() {
      await end?.();
      end = undefined;
    },
    async start() {
      end ??= await launch();
    },
    async [Symbol.asyncDispose]() {
      await registry.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
  return registry;
}

/** Its configuration is YAML, which JSON is too. */
const configuration = (dir: string, addr: string, password: boolean, tls: boolean) => ({
  version: 0.1,
  log: { level: "info", formatter: "text" },
  storage: { filesystem: { rootdirectory: join(dir, "storage") }, delete: { enabled: true } },
  http: {
    addr,
    // Only to have its own random one not change from start to start.
    secret: "test",
    ...(tls ? { tls: { certificate: join(dir, "server.pem"), key: join(dir, "server.key") } } : {}),
  },
  ...(password ? { auth: { htpasswd: { realm: "test registry", path: join(dir, "htpasswd") } } } : {}),
});

async function certificates(dir: string, ip: string): Promise<{ readonly pem: string; readonly file: string }> {
  const authority = await createAuthority(systemClock, "test registry authority", 2);
  const server = await issueCertificate(systemClock, authority, {
    commonName: "test registry",
    usage: "server",
    ipAddresses: [ip],
    days: 1,
  });
  writeFileSync(join(dir, "server.pem"), server.certificate);
  writeFileSync(join(dir, "server.key"), server.privateKey, { mode: 0o600 });
  writeFileSync(join(dir, "ca.pem"), authority.certificate);
  return { pem: authority.certificate, file: join(dir, "ca.pem") };
}

/** The only hash that docker-registry takes. Every Debian has Perl, and its crypt(3) knows it. */
async function bcrypt(password: string): Promise<string> {
  const salt = `$2b$05$${randomBytes(16).toString("hex").slice(0, 21)}.`;
  return must("perl", ["-e", "print crypt($ARGV[0], $ARGV[1])", password, salt]);
}

/** As the registry's own storage has it: blobs by digest, and links that say which repository may show which. */
function addTag(storage: string, catalog: Catalog, image: string, as: string): void {
  const found = catalog.images.get(image);
  if (!found) throw new Error(`there is no test image ${image}; there are ${[...catalog.images.keys()].join(", ")}`);
  const [repository, tag] = as.split(":");
  const hex = (digest: string) => digest.replace("sha256:", "");
  const write = (path: string, digest: string) => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, digest);
  };
  const home = join(storage, "repositories", repository!);
  for (const digest of found.digests) {
    const data = join(storage, "blobs/sha256", hex(digest).slice(0, 2), hex(digest), "data");
    if (!existsSync(data)) {
      mkdirSync(dirname(data), { recursive: true });
      linkOrCopy(blobPath(catalog, digest), data);
    }
    write(join(home, "_layers/sha256", hex(digest), "link"), digest);
    write(join(home, "_manifests/revisions/sha256", hex(digest), "link"), digest);
  }
  const root = found.root.digest;
  write(join(home, "_manifests/tags", tag ?? "latest", "index/sha256", hex(root), "link"), root);
  write(join(home, "_manifests/tags", tag ?? "latest", "current/link"), root);
}

function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    // Another file system.
    copyFileSync(from, to);
  }
}
