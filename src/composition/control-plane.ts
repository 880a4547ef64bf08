import { builtInAdmission } from "#admission";
import { createApiServer, type ApiServer, type ApiServerOptions } from "#apiserver";
import {
  bearerTokens,
  authenticators,
  authorizers,
  clientCertificates,
  discoveryPaths,
  issuerPaths,
  privilegedGroup,
  publicPaths,
  selfReviews,
  withAnonymousUsers,
} from "#auth";
import { assert, type Clock, type Log, type Random, type Scope } from "#base";
import { createCaches, type SharedCaches } from "#client";
import {
  builtInKinds,
  createRegistry,
  featureGates,
  servedApis,
  type FeatureGates,
  type FeatureGateSettings,
  type MetricsSource,
  type Registry,
  type RuntimeConfig,
} from "#registry";
import type { ServiceAccountTokens } from "#auth/tokens";
import type { Store } from "#store";
import { healthChecks } from "./health.ts";
import type { Unready } from "./readiness.ts";
import { serviceAccountTokens, type SigningKey } from "./service-account-tokens.ts";
import { API_SERVER } from "./users.ts";

export interface ControlPlane {
  readonly registry: Registry;
  readonly apiServer: ApiServer;
  /** One watch a kind for all of this process: admission, control loops, nodes. They are the API server's own. */
  readonly caches: SharedCaches;
  /** Signs the token that a Secret keeps for a service account. */
  readonly signToken: ServiceAccountTokens["issueForSecret"];
  readonly gates: FeatureGates;
}

export interface ControlPlaneOptions extends Pick<
  ApiServerOptions,
  "version" | "protobuf" | "connector" | "serverAddress"
> {
  readonly store: Store;
  /** What tokens are signed with; asked for when the first one is needed. */
  readonly signingKey: () => Promise<SigningKey>;
  /** What nodes and pods use; absent: nothing is known of it. */
  readonly metrics?: MetricsSource;
  /** All ClusterIPs; default 10.96.0.0/12. */
  readonly serviceCidr?: string;
  /** Which APIs are served and which features are on, beside upstream's defaults. */
  readonly runtimeConfig?: RuntimeConfig | undefined;
  readonly featureGates?: FeatureGateSettings | undefined;
  readonly unready: Unready;
  /** Whether the objects that every cluster has are there; default: they are. */
  readonly bootstrapped?: () => boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly scope: Scope;
}

/** How upstream's metrics call the stages of features. */
const STAGE_LABELS = { alpha: "ALPHA", beta: "BETA", ga: "", deprecated: "DEPRECATED" } as const;

/** One API server over a store, without a transport. Several may share a store. */
export async function createControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { store, signingKey, metrics, serviceCidr, runtimeConfig, unready, bootstrapped, ...rest } = options;
  const { clock, random, log, scope, featureGates: settings, ...serving } = rest;
  const gates = featureGates(settings);
  for (const warning of gates.warnings) log.warn(warning);
  const tokens = serviceAccountTokens({
    signingKey,
    clock,
    random,
    log,
    registry: () => registry,
    client: () => apiServer.client(API_SERVER, "kube-apiserver"),
  });
  const definitions = builtInKinds({
    issueToken: tokens.issue,
    ...(serviceCidr === undefined ? {} : { serviceCidr }),
    ...(metrics ? { metrics } : {}),
    gates,
  });
  const registry: Registry = await createRegistry({
    definitions,
    serves: servedApis(runtimeConfig ?? {}, gates, definitions),
    store,
    clock,
    random,
    log,
  });
  scope.defer(() => registry.close());
  let caches: SharedCaches | undefined;
  let synced = false;
  const apiServer: ApiServer = createApiServer({
    registry,
    authenticator: withAnonymousUsers(authenticators(clientCertificates(), bearerTokens(tokens.verify))),
    authorizer: authorizers(publicPaths, privilegedGroup(), discoveryPaths, issuerPaths, selfReviews),
    admission(client) {
      caches = createCaches({ client, scope: scope.child("caches"), clock, random, log });
      return builtInAdmission({ client, caches, clock, random });
    },
    tokenIssuer: tokens.issuer,
    ...serving,
    clock,
    random,
    log,
    health: healthChecks({
      store,
      synced: () => synced,
      bootstrapped: bootstrapped ?? (() => true),
      unready,
      stopping: scope.signal,
    }),
  });
  apiServer.metrics.computed(
    "gauge",
    "kubernetes_feature_enabled",
    "[BETA] This metric records the data about the stage and enablement of a k8s feature.",
    ["name", "stage"],
    () => gates.all().map(({ name, stage, enabled }) => [[name, STAGE_LABELS[stage]], enabled ? 1 : 0] as const),
  );
  assert(caches, "the API server has asked for its admission plugins");
  // It fails only when the server stops.
  caches.whenSynced().then(
    () => (synced = true),
    () => {},
  );
  return { registry, apiServer, caches, signToken: tokens.issueForSecret, gates };
}
