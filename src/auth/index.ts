export { API_AUDIENCES, intersection, ISSUER } from "./audiences.ts";
export { authenticators, bearerTokens, clientCertificates, staticTokens, withAnonymousUsers } from "./authenticate.ts";
export {
  authorizers,
  discoveryPaths,
  issuerPaths,
  privilegedGroup,
  publicPaths,
  refusal,
  selfReviews,
} from "./authorize.ts";
export type * from "./contract.ts";
export { impersonation, type Impersonation } from "./impersonate.ts";
export { AUTHENTICATED, parseServiceAccount, serviceAccountGroups, serviceAccountUsername } from "./user.ts";
