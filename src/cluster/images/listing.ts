/** A line of `ctr images list`. */
export interface ImageReference {
  /** `docker.io/library/nginx:1.29`, or one with a digest, or only an id. */
  readonly name: string;
  readonly digest: string;
  /** As ctr has it: `12.3 MiB`. */
  readonly size: string;
  readonly platforms: readonly string[];
}

/** An image on the node, whatever names it has. */
export interface LocalImage {
  /** Of its manifest, or of the index of several. */
  readonly digest: string;
  /** Names with a tag first; without any, those by digest. */
  readonly names: readonly string[];
  readonly size: string;
  readonly platforms: readonly string[];
}

/** What `ctr images list` prints; a heading, then columns. */
export function parseImageList(text: string): ImageReference[] {
  return text.split("\n").flatMap((line) => {
    const match = /^(\S+)\s+(\S+)\s+(sha256:\S+)\s+(-|[\d.]+ \S+)\s+(\S+)/.exec(line);
    if (!match) return [];
    const [, name = "", , digest = "", size = "", platforms = ""] = match;
    return [{ name, digest, size, platforms: platforms === "-" ? [] : platforms.split(",") }];
  });
}

/** By image instead of by name, in the order of their names. */
export function groupImages(references: readonly ImageReference[]): LocalImage[] {
  const groups = Map.groupBy(references, ({ digest }) => digest);
  return [...groups.values()]
    .map((group): LocalImage => {
      const names = group.map(({ name }) => name);
      const tagged = names.filter(isTagged);
      const { digest, size, platforms } = group[0]!;
      return { digest, names: tagged.length > 0 ? tagged.sort(byText) : names.sort(byText), size, platforms };
    })
    .sort((a, b) => byText(a.names[0]!, b.names[0]!));
}

/**
 * Which names have to go for one to be gone: with the last name that has a tag, those by digest go too, so that
 * nothing is left of the image. Undefined when there is no such image.
 */
export function namesToRemove(references: readonly ImageReference[], name: string): readonly string[] | undefined {
  const found = references.find((reference) => reference.name === name || reference.digest === name);
  if (!found) return undefined;
  const all = references.filter(({ digest }) => digest === found.digest).map((reference) => reference.name);
  const isLast = all.every((other) => other === found.name || !isTagged(other));
  return !isTagged(found.name) || isLast ? all : [found.name];
}

const isTagged = (name: string) => !name.includes("@") && !name.startsWith("sha256:");
const byText = (a: string, b: string) => Number(a > b) - Number(a < b);
