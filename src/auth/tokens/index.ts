export {
  createServiceAccountTokens,
  type ServiceAccountTokens,
  type ServiceAccountTokensOptions,
} from "./service-account-tokens.ts";
