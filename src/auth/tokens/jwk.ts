import { exportJWK } from "jose";
import type { ServiceAccountTokensOptions } from "./contract.ts";

/** The public key that tokens are checked with, as other systems read it (RFC 7517). */
export async function jwkOf({
  publicKey,
  keyId,
}: Pick<ServiceAccountTokensOptions, "publicKey" | "keyId">): Promise<Readonly<Record<string, unknown>>> {
  const { kty, crv, x, y } = await exportJWK(publicKey as Parameters<typeof exportJWK>[0]);
  return { use: "sig", kty, kid: keyId, crv, alg: "ES256", x, y };
}
