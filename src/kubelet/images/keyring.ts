import { imageRepository } from "#objects";
import type { DockerConfig, RegistryCredentials } from "./docker-config.ts";

/** Docker Hub by its other name, which counts for every image of docker.io that nothing else fits. */
const DEFAULT_REGISTRY = "index.docker.io";

/**
 * The credentials that fit an image, in the order in which they are to be tried: those of longer and more exact
 * places first, equal ones once (upstream BasicDockerKeyring).
 *
 * @param image its tag and digest do not matter.
 */
export function credentialsFor(image: string, configs: readonly DockerConfig[]): readonly RegistryCredentials[] {
  const places = new Map<string, RegistryCredentials[]>();
  for (const config of configs) {
    for (const [registry, credentials] of config) {
      const place = placeOf(registry);
      const others = places.get(place) ?? [];
      if (!others.some((other) => equal(other, credentials))) places.set(place, [...others, credentials]);
    }
  }
  const repository = imageRepository(image);
  const target = split(repository);
  // Of two places of which one begins with the other, the longer comes first; globs come after letters.
  const fitting = [...places.keys()]
    .filter((place) => fits(split(place), target))
    .sort((a, b) => (a < b ? 1 : -1))
    .flatMap((place) => places.get(place)!);
  if (fitting.length > 0) return fitting;
  return isDockerHub(repository) ? (places.get(DEFAULT_REGISTRY) ?? []) : [];
}

const equal = (a: RegistryCredentials, b: RegistryCredentials) =>
  a.username === b.username && a.password === b.password;

/** Without scheme and version: `https://index.docker.io/v1/` is `index.docker.io`. */
function placeOf(registry: string): string {
  const [, host = "", path = ""] = /^(?:https?:\/\/)?([^/]*)(\/[^?#]*)?/.exec(registry) ?? [];
  const below = /^\/v[12]\//.test(path) ? path.slice(3) : path;
  return below === "/" ? host : host + below;
}

interface Place {
  readonly labels: readonly string[];
  readonly port: string;
  readonly path: string;
}

function split(place: string): Place {
  const [, host = "", port = "", path = ""] = /^(\[[^\]]*\]|[^/:]*)(?::(\d*))?(\/.*)?$/.exec(place) ?? [];
  return { labels: host.split("."), port, path };
}

/** As many labels, each fitting, the same port, and the place's path is where the image's begins. */
function fits(place: Place, image: Place): boolean {
  return (
    place.port === image.port &&
    place.labels.length === image.labels.length &&
    image.path.startsWith(place.path) &&
    place.labels.every((label, index) => globFits(label, image.labels[index]!))
  );
}

/** `*` is anything within one label, `?` one character, `[…]` one of those; a bad pattern fits nothing. */
function globFits(pattern: string, label: string): boolean {
  if (!/[*?[\\]/.test(pattern)) return pattern === label;
  const source = pattern.replaceAll(/\[\^?[^\]]+\]|\\.|[^]/g, (part) => {
    if (part === "*") return ".*";
    if (part === "?") return ".";
    return part.length > 1 ? part : part.replace(/[.+^${}()|[\]\\/-]/, "\\$&");
  });
  try {
    return new RegExp(`^${source}$`, "s").test(label);
  } catch {
    return false;
  }
}

/** What has no dot in its registry counts as Docker Hub's too: `localhost/app` (upstream isDefaultRegistryMatch). */
const isDockerHub = (repository: string): boolean => /^(?:docker\.io|[^/.:]+)\//.test(repository);
