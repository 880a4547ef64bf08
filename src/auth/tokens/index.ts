export type { ServiceAccountTokensOptions } from "./contract.ts";
export { createServiceAccountTokens, type ServiceAccountTokens } from "./service-account-tokens.ts";
export { jwkOf } from "./jwk.ts";
