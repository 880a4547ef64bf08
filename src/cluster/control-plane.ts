import { builtInAdmission } from "#admission";
import { createApiServer, versionInfo, type ApiServer, type Connector, type HealthCheck } from "#apiserver";
import {
  anonymousUsers,
  bearerTokens,
  authenticators,
  authorizers,
  clientCertificates,
  privilegedGroup,
  publicPaths,
  selfReviews,
} from "#auth";
import type { Clock, Log, Random, Scope } from "#base";
import { createCaches } from "#client";
import { builtInKinds, createRegistry, type MetricsSource, type Registry } from "#registry";
import type { Store } from "#store";
import { loadProtobuf } from "#wire";
import { addProcessMetrics } from "./process-metrics.ts";
import { serviceAccountTokens } from "./service-accounts.ts";
import { KNARR_VERSION } from "./version.ts";

export interface ControlPlane {
  readonly registry: Registry;
  readonly apiServer: ApiServer;
}

export interface ControlPlaneOptions {
  readonly store: Store;
  /** Where keys are kept; absent: nowhere. */
  readonly pkiDir: string | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly scope: Scope;
  /** Passes on what is for the nodes. */
  readonly connector: Connector;
  /** `host:port` once something listens. */
  readonly serverAddress: () => string;
  /** What nodes and pods use; absent: nothing is known of it. */
  readonly metrics?: MetricsSource;
  /** Names what keeps the cluster from being ready, or nothing. */
  readonly unready: () => string | undefined;
}

/** What upstream's API server asks of its store, under upstream's name for it. */
const healthOf = (store: Store): readonly HealthCheck[] => [
  {
    name: "etcd",
    async check() {
      await store.get("/registry/health");
    },
  },
];

/** The API over a store, without a transport. */
export async function createControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { store, clock, random, log, scope } = options;
  const tokens = serviceAccountTokens({ pkiDir: options.pkiDir, clock, random, registry: () => registry });
  const registry: Registry = await createRegistry({
    definitions: builtInKinds({ issueToken: tokens.issue, ...(options.metrics ? { metrics: options.metrics } : {}) }),
    store,
    clock,
    random,
    log,
  });
  const apiServer = createApiServer({
    registry,
    authenticator: authenticators(clientCertificates(), bearerTokens(tokens.verify), anonymousUsers),
    authorizer: authorizers(publicPaths, privilegedGroup(), selfReviews),
    admission: (client) =>
      builtInAdmission({
        client,
        caches: createCaches({ client, scope, clock, random, log }),
        clock,
        random,
      }),
    connector: options.connector,
    clock,
    random,
    log,
    version: versionInfo({
      knarr: KNARR_VERSION,
      platform: `${process.platform === "win32" ? "windows" : process.platform}/${process.arch === "x64" ? "amd64" : process.arch}`,
      runtime: `node ${process.version}`,
    }),
    protobuf: loadProtobuf,
    serverAddress: options.serverAddress,
    health: {
      healthz: healthOf(store),
      livez: healthOf(store),
      readyz: [
        ...healthOf(store),
        {
          name: "cluster",
          check() {
            const why = options.unready();
            if (why !== undefined) throw new Error(why);
          },
        },
      ],
    },
  });
  addProcessMetrics(apiServer.metrics, store);
  return { registry, apiServer };
}
