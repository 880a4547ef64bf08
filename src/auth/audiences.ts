/** Who signs the tokens of service accounts; what runs in the cluster reaches the API server by this name. */
export const ISSUER = "https://kubernetes.default.svc.cluster.local";

/** For whom a token has to be that the API server takes (upstream: its issuer, unless `--api-audiences` says else). */
export const API_AUDIENCES: readonly string[] = [ISSUER];

/** Those of `wanted` that are among `audiences`. */
export const intersection = (audiences: readonly string[], wanted: readonly string[]): readonly string[] =>
  wanted.filter((one) => audiences.includes(one));
