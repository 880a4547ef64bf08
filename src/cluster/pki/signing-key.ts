import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  type webcrypto,
} from "node:crypto";
import { readIfThere, replaceFile } from "../data-dir/files.ts";
import { StartError } from "../options.ts";

/** What service-account tokens are signed and checked with (ES256). */
export interface SigningKey {
  readonly privateKey: webcrypto.CryptoKey;
  readonly publicKey: webcrypto.CryptoKey;
  readonly keyId: string;
}

const KEY_FILE = "sa.key";
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256" } as const;

/**
 * The key kept in a directory, made at the first call; without a directory a throwaway one.
 *
 * @throws StartError when the file that is kept holds no key.
 */
export async function signingKey(dir: string | undefined): Promise<SigningKey> {
  const pem = (dir === undefined ? undefined : readIfThere(join(dir, KEY_FILE))) ?? (await make(dir));
  const secret = dir === undefined ? createPrivateKey(pem) : readKey(join(dir, KEY_FILE), pem);
  const publicDer = createPublicKey(secret).export({ type: "spki", format: "der" });
  const [privateKey, publicKey] = await Promise.all([
    crypto.subtle.importKey("pkcs8", secret.export({ type: "pkcs8", format: "der" }), ALGORITHM, false, ["sign"]),
    crypto.subtle.importKey("spki", publicDer, ALGORITHM, true, ["verify"]),
  ]);
  return { privateKey, publicKey, keyId: createHash("sha256").update(publicDer).digest("base64url") };
}

/** @throws StartError: with another key no token that is in use would be valid any more. */
function readKey(path: string, pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    throw new StartError(
      `${path} is damaged: expected a private key, PEM. Put it back, or remove it: a new one is made`,
    );
  }
}

async function make(dir: string | undefined): Promise<string> {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }) as string;
  if (dir !== undefined) {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    await replaceFile(join(dir, KEY_FILE), pem);
  }
  return pem;
}
