import { createCipheriv } from "node:crypto";
import { PATH_VARIABLE } from "./busybox.ts";
import { image, index, layer, LOCAL_PLATFORM, type Image, type Layer } from "./oci.ts";

/** Its manifest is sound, but one byte of a layer is not what the digest says. */
export function corruptImage(base: Layer): Image {
  const sound = image([base, layer([{ type: "file", path: "note", content: "not what it was\n" }])], { Cmd: ["sh"] });
  const blobs = new Map(sound.blobs);
  const [digest] = [...blobs.keys()].slice(1);
  const bytes = Buffer.from(blobs.get(digest!)!);
  bytes[bytes.length - 1]! ^= 0xff;
  blobs.set(digest!, bytes);
  return { root: sound.root, blobs };
}

/** Only for a machine that this one is not. */
export const foreignImage = (base: Layer): Image =>
  index([
    image(
      [base],
      { Cmd: ["sh"] },
      { os: "linux", architecture: LOCAL_PLATFORM.architecture === "s390x" ? "amd64" : "s390x" },
    ),
  ]);

/** So many megabytes that do not get smaller when they are packed. */
export function largeImage(base: Layer, megabytes: number): Image {
  const noise = createCipheriv("aes-128-ctr", Buffer.alloc(16, 1), Buffer.alloc(16, 2)).update(
    Buffer.alloc(megabytes << 20),
  );
  return image([base, layer([{ type: "file", path: "ballast", content: noise }])], {
    Cmd: ["sh"],
    Env: [PATH_VARIABLE],
  });
}
