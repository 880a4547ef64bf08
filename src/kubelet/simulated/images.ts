import type { NodeImage } from "#kubelet";
import { fullImageName, imageRepository } from "#objects";

/** The same for the same image on every node: `docker.io/library/nginx@sha256:…`. */
export function imageIdOf(image: string): string {
  const full = fullImageName(image);
  if (full.includes("@")) return full;
  const digest = Array.from({ length: 8 }, (_, i) => hash(`${full}#${i}`).toString(16).padStart(8, "0")).join("");
  return `${imageRepository(image)}@sha256:${digest}`;
}

/** What the node's status says of an image; its size is made up, between 5 and 125 MB. */
export function describeImage(image: string): NodeImage {
  return { names: [imageIdOf(image), fullImageName(image)], bytes: 5_000_000 + (hash(image) % 120_000_000) };
}

/** As containerd words a missing repository. */
export function missingImage(image: string): string {
  const full = fullImageName(image);
  return `failed to pull and unpack image "${full}": failed to resolve reference "${full}": pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed`;
}

/** FNV-1a, 32 bit. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return value;
}
