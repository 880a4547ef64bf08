/** How the runtime is to reach a registry, beyond what its name says. */
export interface RegistrySettings {
  /** Asked before the registry itself, in order. `*`: for every registry that has none of its own. */
  readonly mirrors: readonly { readonly registry: string; readonly url: string }[];
  /** Files with certificates (PEM) of the authorities to trust, by `host` or `host:port` of a registry or mirror. */
  readonly authorities: readonly { readonly host: string; readonly file: string }[];
}

/**
 * `docker.io=http://127.0.0.1:5000`
 *
 * @throws Error with one line that says what is wrong.
 */
export function parseRegistryMirror(text: string): RegistrySettings["mirrors"][number] {
  const [registry, url] = pair(text, "REGISTRY=URL");
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (!parsed || !/^https?:$/.test(parsed.protocol) || parsed.search || parsed.hash) {
    throw new Error(`the mirror ${JSON.stringify(url)} is no http or https URL`);
  }
  if (registry !== "*") checkHost(registry);
  return { registry: registry === "index.docker.io" ? "docker.io" : registry, url: url.replace(/\/+$/, "") };
}

/**
 * `registry.example.com:5000=/etc/ssl/registry.pem`
 *
 * @throws Error with one line that says what is wrong.
 */
export function parseRegistryAuthority(text: string): RegistrySettings["authorities"][number] {
  const [host, file] = pair(text, "HOST=FILE");
  checkHost(host);
  return { host, file };
}

function pair(text: string, form: string): readonly [string, string] {
  const at = text.indexOf("=");
  if (at <= 0 || at === text.length - 1) throw new Error(`${JSON.stringify(text)} is not of the form ${form}`);
  return [text.slice(0, at), text.slice(at + 1)];
}

/** It becomes the name of a folder. */
function checkHost(host: string): void {
  if (!/^(?:[a-z0-9-]+(?:\.[a-z0-9-]+)*|\[[0-9a-f:]+\])(?::\d+)?$/i.test(host)) {
    throw new Error(`${JSON.stringify(host)} is no registry: expected HOST or HOST:PORT`);
  }
}

/**
 * The `hosts.toml` of each registry, by its path below containerd's `certs.d`. A registry whose mirrors fail is asked
 * itself.
 */
export function registryHostFiles({ mirrors, authorities }: RegistrySettings): ReadonlyMap<string, string> {
  const trusted = (host: string) => authorities.filter((entry) => entry.host === host).map(({ file }) => file);
  const files = new Map<string, string>();
  for (const registry of new Set([
    ...mirrors.map((mirror) => mirror.registry),
    ...authorities.map(({ host }) => host),
  ])) {
    const urls = mirrors.filter((mirror) => mirror.registry === registry).map(({ url }) => url);
    // The registry itself stands as a host too: containerd 1.6 heeds an authority only there.
    if (trusted(registry).length > 0) urls.push(`https://${registry}`);
    const lines = urls.flatMap((url) => {
      const ca = trusted(new URL(url).host);
      const head = [`[host.${quote(url)}]`, `  capabilities = ["pull", "resolve"]`];
      return ca.length > 0 ? [...head, `  ca = ${list(ca)}`] : head;
    });
    files.set(`${registry === "*" ? "_default" : registry}/hosts.toml`, `${lines.join("\n")}\n`);
  }
  return files;
}

/** JSON's strings and lists are TOML's too. */
const quote = (text: string) => JSON.stringify(text);
const list = (texts: readonly string[]) => JSON.stringify(texts);
