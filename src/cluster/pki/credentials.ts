import { createPrivateKey, X509Certificate } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import type { Clock } from "#base";
import { createAuthority, issueCertificate, type KeyPair, type LeafRequest } from "#wire";
import { readIfThere, replaceFile } from "../data-dir/files.ts";
import { StartError } from "../options.ts";

/** Everything that proves who is who in one cluster. */
export interface Credentials {
  readonly authority: KeyPair;
  readonly server: KeyPair;
  /** The user kubernetes-admin in the group system:masters. */
  readonly admin: KeyPair;
}

const AUTHORITY_DAYS = 3650;
const LEAF_DAYS = 365;
/** A certificate that ends sooner than this is made anew at start. */
const RENEW_BEFORE_MS = 30 * 24 * 3600_000;

const ADMIN = {
  commonName: "kubernetes-admin",
  organizations: ["system:masters"],
  usage: "client",
  days: LEAF_DAYS,
} as const;

/** Names that the API server is reached by inside a cluster; clients there check them. */
const SERVER_NAMES = [
  "localhost",
  "kubernetes",
  "kubernetes.default",
  "kubernetes.default.svc",
  "kubernetes.default.svc.cluster.local",
];

function serverRequest(hosts: readonly string[]): LeafRequest {
  return {
    commonName: "kube-apiserver",
    usage: "server",
    days: LEAF_DAYS,
    dnsNames: [...SERVER_NAMES, ...hosts.filter((host) => isIP(host) === 0)],
    ipAddresses: [...new Set(["127.0.0.1", "::1", ...hosts.filter((host) => isIP(host) !== 0)])],
  };
}

/** Whether a stored certificate is of this authority, lasts long enough and covers every name and address asked for. */
function stillGood(pair: KeyPair, authority: KeyPair, request: LeafRequest, now: number): boolean {
  const certificate = new X509Certificate(pair.certificate);
  return (
    certificate.validToDate.getTime() - now > RENEW_BEFORE_MS &&
    certificate.verify(new X509Certificate(authority.certificate).publicKey) &&
    (request.dnsNames ?? []).every((name) => certificate.checkHost(name) !== undefined) &&
    (request.ipAddresses ?? []).every((address) => certificate.checkIP(address) !== undefined)
  );
}

/** Makes fresh credentials that are kept nowhere. `hosts`: further names and addresses of the API server. */
export async function createCredentials(clock: Clock, hosts: readonly string[]): Promise<Credentials> {
  const authority = await createAuthority(clock, "knarr-ca", AUTHORITY_DAYS);
  const [server, admin] = await Promise.all([
    issueCertificate(clock, authority, serverRequest(hosts)),
    issueCertificate(clock, authority, ADMIN),
  ]);
  return { authority, server, admin };
}

function readPair(dir: string, name: string): KeyPair | undefined {
  const certificate = readIfThere(join(dir, `${name}.crt`));
  const privateKey = readIfThere(join(dir, `${name}.key`));
  return certificate === undefined || privateKey === undefined ? undefined : { certificate, privateKey };
}

/** Whether these are a certificate and its private key. */
function belongTogether({ certificate, privateKey }: KeyPair): boolean {
  try {
    return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(privateKey));
  } catch {
    return false;
  }
}

async function writePair(dir: string, name: string, pair: KeyPair): Promise<KeyPair> {
  // The key first: a certificate without its key would be taken for a whole pair after a crash.
  for (const [file, text] of [
    [`${name}.key`, pair.privateKey],
    [`${name}.crt`, pair.certificate],
  ] as const) {
    await replaceFile(join(dir, file), text);
  }
  return pair;
}

/**
 * The credentials kept in a directory; what is missing, damaged, about to end or lacks a host is made (again).
 *
 * @throws StartError when the authority is damaged: what clients trust is not replaced without a word.
 */
export async function keepCredentials(dir: string, clock: Clock, hosts: readonly string[]): Promise<Credentials> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const keptAuthority = readPair(dir, "ca");
  const lostKey = !keptAuthority && existsSync(join(dir, "ca.crt"));
  if (lostKey || (keptAuthority && !belongTogether(keptAuthority))) {
    throw new StartError(
      `${join(dir, "ca.crt")} and ca.key are damaged: expected a certificate and its private key, PEM. Put them back, or remove both: new ones are made, which no client with an older kubeconfig trusts`,
    );
  }
  const authority =
    keptAuthority ?? (await writePair(dir, "ca", await createAuthority(clock, "knarr-ca", AUTHORITY_DAYS)));
  const leaf = async (name: string, request: LeafRequest) => {
    const kept = readPair(dir, name);
    if (kept && belongTogether(kept) && stillGood(kept, authority, request, clock.now())) return kept;
    return writePair(dir, name, await issueCertificate(clock, authority, request));
  };
  const [server, admin] = await Promise.all([leaf("apiserver", serverRequest(hosts)), leaf("admin", ADMIN)]);
  return { authority, server, admin };
}

/** Credentials that are made, or read, when they are first needed: a cluster without a server needs few. */
export interface LazyCredentials {
  all(): Promise<Credentials>;
  /** The authority's certificate, PEM. */
  authority(): Promise<string>;
}

/** Those of a data directory, or throwaway ones. With a directory they are looked for at once, side by side with the rest of the start. */
export function credentialsOf(dataDir: string | undefined, clock: Clock, hosts: readonly string[]): LazyCredentials {
  let made: Promise<Credentials> | undefined;
  const all = () =>
    (made ??=
      dataDir === undefined ? createCredentials(clock, hosts) : keepCredentials(join(dataDir, "pki"), clock, hosts));
  // A failure is reported to the caller, not as an unhandled rejection.
  if (dataDir !== undefined) all().catch(() => {});
  return { all, authority: async () => (await all()).authority.certificate };
}
