import { imageRepository } from "#objects";
import type { RegistryCredentials } from "./docker-config.ts";

/**
 * Which images the node has pulled, and with what: a pod that could not pull an image may not use it either, though
 * it is there by now (upstream KubeletEnsureSecretPulledImages with the policy NeverVerifyPreloadedImages).
 */
export interface PullRecords {
  /**
   * Whether a pod may use an image that is on the node without pulling it. Images that were not pulled by the node
   * are for every pod. The pod's credentials are looked up only when they matter.
   */
  mayUse(id: string, image: string, credentials: () => Promise<readonly RegistryCredentials[]>): Promise<boolean>;
  /** The image was pulled with these; with none, anonymously. */
  pulled(id: string, image: string, credentials: RegistryCredentials | undefined): Promise<void>;
}

/** What outlives the process: one text. */
export interface RecordsFile {
  /** Undefined when there is none. */
  read(): Promise<string | undefined>;
  write(text: string): Promise<void>;
}

/** Written to the disk: it stays as it is. */
const EVERY_POD = "everybody";

/** By the image's digest and the repository it was pulled from: hashes of credentials, or every pod. */
type Records = Readonly<Record<string, Readonly<Record<string, Access>>>>;
type Access = typeof EVERY_POD | readonly string[];

/** Credentials of one repository that are remembered; the oldest go first, and have to pull again. */
const MAX_HASHES = 100;

/**
 * Who may use the images that were pulled with credentials (upstream's image pull records).
 *
 * @param digests of the images that are on the node: records of others are dropped with the next pull.
 */
export async function createPullRecords(file: RecordsFile, digests: () => ReadonlySet<string>): Promise<PullRecords> {
  let records = parse(await file.read());
  let writing = Promise.resolve();
  return {
    async mayUse(id, image, credentials) {
      const repositories = records[digestOf(id)];
      if (!repositories) return true;
      const access = repositories[imageRepository(image)];
      if (access === undefined || access === EVERY_POD) return access !== undefined;
      const hashes = await Promise.all((await credentials()).map(hashOf));
      return hashes.some((hash) => access.includes(hash));
    },
    async pulled(id, image, credentials) {
      const hash = credentials && (await hashOf(credentials));
      const digest = digestOf(id);
      const there = digests();
      const kept = Object.entries(records).filter(([known]) => known === digest || there.has(known));
      records = withPull(Object.fromEntries(kept), digest, imageRepository(image), hash);
      const write = () => file.write(`${JSON.stringify(records)}\n`);
      writing = writing.then(write, write);
      await writing;
    },
  };
}

function withPull(records: Records, digest: string, repository: string, hash: string | undefined): Records {
  const before = records[digest]?.[repository] ?? [];
  const access = hash === undefined || before === EVERY_POD ? EVERY_POD : [...without(before, hash), hash];
  const bounded = access === EVERY_POD ? access : access.slice(-MAX_HASHES);
  return { ...records, [digest]: { ...records[digest], [repository]: bounded } };
}

const without = (hashes: readonly string[], hash: string) => hashes.filter((one) => one !== hash);

/** What cannot be read is no record: an image without a record is for every pod, as one that was loaded. */
function parse(text: string | undefined): Records {
  if (text === undefined) return {};
  try {
    return JSON.parse(text) as Records;
  } catch {
    return {};
  }
}

/** `docker.io/library/nginx@sha256:…` and other names of one image have their digest in common. */
export const digestOf = (id: string): string => id.slice(id.indexOf("@") + 1);

/** Passwords are not kept. */
async function hashOf({ username, password }: RegistryCredentials): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify([username, password]));
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
