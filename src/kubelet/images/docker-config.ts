import { decodeBase64 } from "#base";
import type { Secret } from "#objects";

/** Credentials for a registry. The password is a secret. */
export interface RegistryCredentials {
  readonly username: string;
  readonly password: string;
}

/** By the registry, or the part of one, that they are for: as the user wrote it, with or without a scheme. */
export type DockerConfig = ReadonlyMap<string, RegistryCredentials>;

/**
 * What a Secret of one of the two types for registries holds; undefined for other Secrets, and for those with nothing
 * in them.
 *
 * @throws Error when there is something that cannot be read.
 */
export function dockerConfigOf({ type, data = {} }: Secret): DockerConfig | undefined {
  switch (type) {
    case "kubernetes.io/dockerconfigjson": {
      const text = data[".dockerconfigjson"];
      return text ? entriesOf(fieldOf(parse(text), "auths")) : undefined;
    }
    case "kubernetes.io/dockercfg": {
      const text = data[".dockercfg"];
      return text ? entriesOf(parse(text)) : undefined;
    }
    default:
      return undefined;
  }
}

const parse = (base64: string): unknown => JSON.parse(decodeBase64(base64));

function fieldOf(value: unknown, name: string): unknown {
  return recordOf(value)[name] ?? {};
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw new Error("a docker config is an object by registry");
}

function entriesOf(auths: unknown): DockerConfig {
  const entries = Object.entries(recordOf(auths));
  return new Map(entries.map(([registry, entry]) => [registry, credentialsOf(recordOf(entry))]));
}

/** `auth` holds both, and counts where there is also a user and a password. */
function credentialsOf(entry: Readonly<Record<string, unknown>>): RegistryCredentials {
  const text = (name: string) => {
    const value = entry[name] ?? "";
    if (typeof value !== "string") throw new Error(`${name} of a docker config is a string`);
    return value;
  };
  const auth = text("auth");
  return auth === "" ? { username: text("username"), password: text("password") } : decodeAuth(auth);
}

function decodeAuth(auth: string): RegistryCredentials {
  let decoded: string;
  try {
    decoded = decodeBase64(auth.trim());
  } catch {
    throw new Error("unable to parse auth field, must be formatted as base64(username:password)");
  }
  const colon = decoded.indexOf(":");
  if (colon < 0) throw new Error("unable to parse auth field, must be formatted as base64(username:password)");
  return { username: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
}
