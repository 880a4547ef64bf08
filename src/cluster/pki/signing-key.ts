import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type webcrypto } from "node:crypto";

/** What service-account tokens are signed and checked with (ES256). */
export interface SigningKey {
  readonly privateKey: webcrypto.CryptoKey;
  readonly publicKey: webcrypto.CryptoKey;
  readonly keyId: string;
}

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256" } as const;

/** The key kept in a directory, made at the first call; without a directory a throwaway one. */
export async function signingKey(dir: string | undefined): Promise<SigningKey> {
  const pem = (dir === undefined ? undefined : await kept(dir)) ?? (await make(dir));
  const secret = createPrivateKey(pem);
  const publicDer = createPublicKey(secret).export({ type: "spki", format: "der" });
  const [privateKey, publicKey] = await Promise.all([
    crypto.subtle.importKey("pkcs8", secret.export({ type: "pkcs8", format: "der" }), ALGORITHM, false, ["sign"]),
    crypto.subtle.importKey("spki", publicDer, ALGORITHM, true, ["verify"]),
  ]);
  return { privateKey, publicKey, keyId: createHash("sha256").update(publicDer).digest("base64url") };
}

async function kept(dir: string): Promise<string | undefined> {
  try {
    return await readFile(join(dir, "sa.key"), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

async function make(dir: string | undefined): Promise<string> {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }) as string;
  if (dir !== undefined) {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    const path = join(dir, "sa.key");
    await writeFile(`${path}.new`, pem, { mode: 0o600 });
    await rename(`${path}.new`, path);
  }
  return pem;
}
