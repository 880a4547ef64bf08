import { createPrivateKey, KeyObject, type webcrypto } from "node:crypto";
import type { Clock } from "#base";

/** A certificate and its private key, both PEM. The key is a secret. */
export interface KeyPair {
  readonly certificate: string;
  readonly privateKey: string;
}

export interface Subject {
  readonly commonName: string;
  /** What Kubernetes takes for the user's groups. */
  readonly organizations?: readonly string[];
}

export interface LeafRequest extends Subject {
  readonly usage: "client" | "server";
  /** For servers: every name and address that clients may connect by. */
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  readonly days: number;
}

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const DAY = 24 * 3600_000;
/** Certificates start a little in the past, so that a client whose clock is behind accepts them. */
const CLOCK_SKEW = 5 * 60_000;

/** Loaded only where a certificate is made: a restarted cluster has all of its own. */
async function library() {
  await import("reflect-metadata");
  return import("@peculiar/x509");
}

const newKeys = () => crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
/** As SEC 1 has it, which every client reads: fabric8's takes what PKCS #8 has for RSA. */
const exportKey = (key: webcrypto.CryptoKey) => KeyObject.from(key).export({ type: "sec1", format: "pem" }) as string;

function distinguishedName({ commonName, organizations = [] }: Subject) {
  return [...organizations.map((name) => ({ O: [name] })), { CN: [commonName] }];
}

const serialNumber = () => {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[0] = (bytes[0]! & 0x7f) | 0x40; // positive and of full length
  return Buffer.from(bytes).toString("hex");
};

/** Makes a self-signed certificate authority, valid for `days`. */
export async function createAuthority(clock: Clock, commonName: string, days: number): Promise<KeyPair> {
  const x509 = await library();
  const keys = await newKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: distinguishedName({ commonName }),
    notBefore: new Date(clock.now() - CLOCK_SKEW),
    notAfter: new Date(clock.now() + days * DAY),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: certificate.toString("pem") + "\n", privateKey: exportKey(keys.privateKey) };
}

/** Makes a certificate signed by the authority. */
export async function issueCertificate(clock: Clock, authority: KeyPair, request: LeafRequest): Promise<KeyPair> {
  const x509 = await library();
  const keys = await newKeys();
  const signingKey = createPrivateKey(authority.privateKey).toCryptoKey(ALGORITHM, false, ["sign"]);
  const issuer = new x509.X509Certificate(authority.certificate);
  const names = [
    ...(request.dnsNames ?? []).map((value) => ({ type: "dns" as const, value })),
    ...(request.ipAddresses ?? []).map((value) => ({ type: "ip" as const, value })),
  ];
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: distinguishedName(request),
    issuer: issuer.subject,
    notBefore: new Date(clock.now() - CLOCK_SKEW),
    notAfter: new Date(clock.now() + request.days * DAY),
    signingAlgorithm: ALGORITHM,
    signingKey,
    publicKey: keys.publicKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment, true),
      new x509.ExtendedKeyUsageExtension([
        request.usage === "server" ? x509.ExtendedKeyUsage.serverAuth : x509.ExtendedKeyUsage.clientAuth,
      ]),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
      ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
    ],
  });
  return { certificate: certificate.toString("pem") + "\n", privateKey: exportKey(keys.privateKey) };
}
