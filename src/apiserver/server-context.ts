import type { AdmissionChain } from "#admission";
import type { Authenticator, Authorizer } from "#auth";
import type { Clock } from "#base";
import type { Registry } from "#registry";

/** What the verbs work with. */
export interface ServerContext {
  readonly registry: Registry;
  readonly authorizer: Authorizer;
  readonly authenticator: Authenticator;
  readonly admission: AdmissionChain;
  readonly clock: Clock;
}
