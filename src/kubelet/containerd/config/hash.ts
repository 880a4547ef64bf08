import type { AnyContainer } from "#kubelet";

/** What of a container makes it another one: its name and image, as upstream hashes them (HashContainer). */
export function containerHash({ name, image = "" }: AnyContainer): string {
  const bytes = new TextEncoder().encode(goJson({ image, name }));
  // Go's dumper writes a slice of bytes so.
  return fnv1a(`([]uint8)[${bytes.join(" ")}]`).toString(16);
}

/** JSON as Go writes it: safe inside HTML. */
const goJson = (value: object): string =>
  JSON.stringify(value).replaceAll(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

/** FNV-1a, 32 bit. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return hash;
}
