import type { IssuedToken, PodSources } from "#kubelet";
import type { ProjectedVolumeSource, ServiceAccountTokenProjection } from "#objects";
import { textOf } from "../linux/errors.ts";
import { projectedPayload, type LookedUp } from "../payload/projected.ts";
import { MAX_JITTER_MS, refreshAt } from "../payload/tokens.ts";
import type { VolumeHost } from "../plugin.ts";
import { fsGroupOf, fsUserOf } from "../pod-facts.ts";
import type { Collector, FilesKind } from "./files.ts";

/** Several sources in one directory, tokens of the pod's service account among them, in memory. */
export const projectedFiles = (host: VolumeHost): FilesKind => ({
  directory: "kubernetes.io~projected",
  supports: ({ projected }) => projected !== undefined,
  medium: "memory",
  collector: ({ projected = {} }, sources) => collector(host, projected, sources),
});

function collector(host: VolumeHost, source: ProjectedVolumeSource, sources: PodSources): Collector {
  const parts = (source.sources ?? []).map(({ configMap, secret, serviceAccountToken, clusterTrustBundle }) => ({
    configMap,
    secret,
    trusts: clusterTrustBundle !== undefined,
    token: serviceAccountToken && new KeptToken(host, serviceAccountToken, sources),
  }));
  const lookUp = async ({ configMap, secret, token, trusts }: (typeof parts)[number]): Promise<LookedUp> => ({
    configMap: configMap && (await orError(sources.configMap(configMap.name ?? ""))),
    secret: secret && (await orError(sources.secret(secret.name ?? ""))),
    token: token && (await orError(token.current())),
    trustBundles: trusts ? await orError(sources.trustBundles()) : undefined,
  });
  return async (pod) => {
    const payload = projectedPayload(source, {
      pod,
      allocatable: host.allocatable(),
      lookedUp: await Promise.all(parts.map(lookUp)),
      fsUser: fsUserOf(pod),
      fsGroup: fsGroupOf(pod),
    });
    const until = Math.min(...parts.map(({ token }) => token?.until ?? Infinity));
    return { payload, until: until === Infinity ? undefined : until };
  };
}

async function orError<T>(promise: Promise<T>): Promise<T | Error> {
  try {
    return await promise;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** So long after a failure a token is asked for again, while the old one still holds. */
const RETRY_MS = 30_000;

/** A token that is replaced in time. */
class KeptToken {
  readonly #host: VolumeHost;
  readonly #projection: ServiceAccountTokenProjection;
  readonly #sources: PodSources;
  #issued: IssuedToken | undefined;
  #until = 0;

  constructor(host: VolumeHost, projection: ServiceAccountTokenProjection, sources: PodSources) {
    this.#host = host;
    this.#projection = projection;
    this.#sources = sources;
  }

  /** When it is to be replaced, milliseconds since the epoch. */
  get until(): number {
    return this.#until;
  }

  /** Rejects with an Error when there is none that holds. */
  async current(): Promise<string> {
    const now = this.#host.now();
    if (this.#issued && now < this.#until) return this.#issued.token;
    const { audience, expirationSeconds = 3600 } = this.#projection;
    try {
      const issued = await this.#sources.token({ audiences: audience ? [audience] : [], expirationSeconds });
      this.#issued = issued;
      this.#until = refreshAt(issued, this.#host.chance() * MAX_JITTER_MS);
      return issued.token;
    } catch (error) {
      if (!this.#issued) throw new Error(`failed to fetch token: ${textOf(error)}`, { cause: error });
      this.#until = now + RETRY_MS;
      if (now < this.#issued.expiresAt) return this.#issued.token;
      throw new Error(`token expired and refresh failed: ${textOf(error)}`, { cause: error });
    }
  }
}
