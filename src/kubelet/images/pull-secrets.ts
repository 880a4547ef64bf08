import type { Pod } from "#objects";
import type { PodSources } from "../sources.ts";
import { dockerConfigOf, type DockerConfig } from "./docker-config.ts";

export interface PullSecrets {
  readonly configs: readonly DockerConfig[];
  /** Names of those that could not be looked up: pulling goes on without them. */
  readonly missing: readonly string[];
}

/**
 * What the pod's imagePullSecrets hold; those of its service account are among them since it was admitted.
 *
 * @throws Error when one of them is there and cannot be read.
 */
export async function pullSecretsOf(
  pod: Pod,
  sourcesOf: () => Pick<PodSources, "secret"> | undefined,
): Promise<PullSecrets> {
  const names = (pod.spec?.imagePullSecrets ?? []).flatMap(({ name }) => (name ? [name] : []));
  const sources = names.length > 0 ? sourcesOf() : undefined;
  // A node without a source of Secrets pulls anonymously.
  if (!sources) return { configs: [], missing: [] };
  const found = await Promise.all(names.map((name) => sources.secret(name).catch(() => undefined)));
  return {
    configs: found.flatMap((secret) => (secret && dockerConfigOf(secret)) ?? []),
    missing: names.filter((_, index) => !found[index]),
  };
}
