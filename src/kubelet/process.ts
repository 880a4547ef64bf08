import { messageOf } from "#base";
import type { ConfigMap, Pod, Secret } from "#objects";
import { referencesOf, type FileReference } from "./environment/references.ts";
import { resolveEnvironment, type Surroundings } from "./environment/resolve.ts";
import type { Quantities } from "./environment/resources.ts";
import { serviceVariables } from "./environment/services.ts";
import { RuntimeError, type AnyContainer, type ResolvedProcess } from "./runtime.ts";
import type { PodSources, Sources } from "./sources.ts";
import type { Volumes } from "./volumes.ts";

/** Where what a container depends on is looked up. */
export interface ProcessContext {
  /** Asked for only when the container refers to something. */
  readonly podSources: () => PodSources | undefined;
  readonly services: Sources["services"];
  readonly volumes: Volumes | undefined;
  readonly nodeIps: readonly string[];
  readonly podIps: readonly string[];
  /** What the node can give its pods. */
  readonly allocatable: () => Quantities;
}

/**
 * Looks up what a container's spec leaves to others, and mounts what it needs. A container that refers to nothing
 * waits for nothing. Rejects with a RuntimeError.
 */
export async function resolveProcess(
  pod: Pod,
  container: AnyContainer,
  context: ProcessContext,
): Promise<ResolvedProcess> {
  const { volumes, podIps, nodeIps } = context;
  const found = await lookUp(pod, container, context);
  const hostNetwork = pod.spec?.hostNetwork === true;
  const environment = resolveEnvironment(pod, container, {
    ...found,
    podIps: podIps.length === 0 && hostNetwork ? nodeIps : podIps,
    hostIps: nodeIps,
    allocatable: context.allocatable(),
  });
  const devices = container.volumeDevices?.length ? await volumes?.devicesOf?.(pod, container) : undefined;
  const process = { ...environment, ...(devices ? { devices } : {}) };
  if (!volumes || !container.volumeMounts?.length) return { ...process, mounts: [] };
  const env = new Map(environment.env.map(({ name, value }) => [name, value]));
  return { ...process, mounts: await volumes.mountsOf(pod, container, env) };
}

type Found = Pick<Surroundings, "configMap" | "secret" | "file" | "services">;

async function lookUp(pod: Pod, container: AnyContainer, context: ProcessContext): Promise<Found> {
  const { configMaps, secrets, files } = referencesOf(container);
  const maps = new Map<string, ConfigMap | undefined>();
  const keys = new Map<string, Secret | undefined>();
  const texts = new Map<string, string | Error>();
  const nameOf = ({ volume, path }: FileReference) => `${volume}:${path}`;
  try {
    const sources = configMaps.size + secrets.size > 0 ? context.podSources() : undefined;
    for (const name of configMaps) maps.set(name, await sources?.configMap(name));
    for (const name of secrets) keys.set(name, await sources?.secret(name));
    for (const file of files) texts.set(nameOf(file), await readFile(pod, file, context.volumes));
    return {
      configMap: (name) => maps.get(name),
      secret: (name) => keys.get(name),
      file: (file) => texts.get(nameOf(file)) ?? "",
      services: variablesOf(pod, context),
    };
  } catch (error) {
    throw new RuntimeError("CreateContainerConfigError", messageOf(error));
  }
}

function variablesOf({ metadata, spec }: Pod, { services }: ProcessContext): ReadonlyMap<string, string> {
  const { namespace = "" } = metadata;
  const known = services(namespace);
  return known ? serviceVariables(known, namespace, spec?.enableServiceLinks ?? true) : NO_VARIABLES;
}

const NO_VARIABLES: ReadonlyMap<string, string> = new Map();

async function readFile(pod: Pod, { volume, path }: FileReference, volumes: Volumes | undefined) {
  try {
    return (await volumes?.readFile(pod, volume, path)) ?? "";
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
