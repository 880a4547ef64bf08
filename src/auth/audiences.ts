/** The issuer that tokens of service accounts name: the API server as Pods reach it (`--service-account-issuer`). */
export const ISSUER = "https://kubernetes.default.svc.cluster.local";

/** The audiences of the API server: a token must be for one of them (upstream's default for `--api-audiences`: the issuer). */
export const API_AUDIENCES: readonly string[] = [ISSUER];

/** Those of `wanted` that are among `audiences`. */
export const intersection = (audiences: readonly string[], wanted: readonly string[]): readonly string[] =>
  wanted.filter((one) => audiences.includes(one));
