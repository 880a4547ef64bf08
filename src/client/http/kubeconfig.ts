import { decodeBase64, encodeBase64, messageOf } from "#base";
import type { Connection } from "#http";

/** What a context of a kubeconfig says. */
export interface KubeconfigContext {
  readonly name: string;
  readonly connection: Connection;
  /** For the authorization header: `Bearer …` or `Basic …`. */
  readonly authorization?: string;
  /** Empty: `default`. */
  readonly namespace: string;
}

export interface KubeconfigOptions {
  /** Default: the current context. */
  readonly context?: string;
  /** Reads a file that the kubeconfig names; only needed where it names one. */
  readonly readFile?: (path: string) => Promise<string>;
}

/** A kubeconfig that cannot be used; the message says why. */
export class KubeconfigError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "KubeconfigError";
  }
}

/** Reads one context of a kubeconfig: server, certificates, token. Plugins that fetch credentials are not run. */
export async function readKubeconfig(text: string, options: KubeconfigOptions = {}): Promise<KubeconfigContext> {
  const config = asRecord(await parsed(text), "kubeconfig");
  const name = options.context ?? textIn(config, "current-context");
  if (!name) throw new KubeconfigError("kubeconfig has no current context");
  const context = entry(config, "contexts", name, "context");
  const cluster = entry(config, "clusters", textIn(context, "cluster") ?? "", "cluster");
  const userName = textIn(context, "user");
  const user = userName ? entry(config, "users", userName, "user") : {};
  if ("exec" in user || "auth-provider" in user) {
    throw new KubeconfigError(`user ${userName} needs a credential plugin, which is not supported`);
  }
  const server = textIn(cluster, "server");
  if (!server) throw new KubeconfigError(`the cluster of context ${name} has no server`);

  const material = async (holder: Fields, field: string): Promise<string | undefined> => {
    const data = textIn(holder, `${field}-data`);
    if (data) return decodeBase64(data);
    const path = textIn(holder, field);
    if (!path) return undefined;
    if (!options.readFile) throw new KubeconfigError(`${field} names a file, and files cannot be read here`);
    return options.readFile(path);
  };
  const tokenFile = textIn(user, "tokenFile");
  const token = textIn(user, "token") ?? (tokenFile ? (await options.readFile?.(tokenFile))?.trim() : undefined);
  const [username, password] = [textIn(user, "username"), textIn(user, "password")];
  const authorization = token
    ? `Bearer ${token}`
    : username
      ? `Basic ${encodeBase64(`${username}:${password ?? ""}`)}`
      : undefined;
  const [authority, certificate, privateKey] = [
    await material(cluster, "certificate-authority"),
    await material(user, "client-certificate"),
    await material(user, "client-key"),
  ];
  const serverName = textIn(cluster, "tls-server-name");
  return {
    name,
    namespace: textIn(context, "namespace") ?? "",
    connection: {
      server,
      ...(authority ? { authority } : {}),
      ...(certificate ? { certificate } : {}),
      ...(privateKey ? { privateKey } : {}),
      ...(serverName ? { serverName } : {}),
      ...(cluster["insecure-skip-tls-verify"] === true ? { insecure: true } : {}),
    },
    ...(authorization ? { authorization } : {}),
  };
}

type Fields = Readonly<Record<string, unknown>>;

async function parsed(text: string): Promise<unknown> {
  // The parser is loaded only where a kubeconfig is read.
  const { parse } = await import("./yaml.ts");
  try {
    return parse(text) as unknown;
  } catch (error) {
    throw new KubeconfigError(`kubeconfig does not parse: ${messageOf(error)}`);
  }
}

function asRecord(value: unknown, what: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new KubeconfigError(`${what} is not a mapping`);
  }
  return value as Fields;
}

function textIn(fields: Fields, field: string): string | undefined {
  const value = fields[field];
  return typeof value === "string" && value !== "" ? value : undefined;
}

function entry(config: Fields, section: string, name: string, field: string): Fields {
  const list: unknown = config[section];
  const found = Array.isArray(list)
    ? list.find((item) => typeof item === "object" && item !== null && (item as Fields).name === name)
    : undefined;
  if (!found) throw new KubeconfigError(`kubeconfig has no entry ${JSON.stringify(name)} in ${section}`);
  return asRecord((found as Fields)[field], `${section}[${name}].${field}`);
}
