import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { decompressed } from "./archive.ts";
import { ImageError } from "./ctr.ts";
import { groupImages, namesToRemove, parseImageList } from "./listing.ts";
import { imagesOn } from "./local-images.ts";

const [A, B] = ["a", "b"].map((letter) => `sha256:${letter.repeat(64)}`) as [string, string];
const LIST = `REF                              TYPE                                                 DIGEST   SIZE      PLATFORMS               LABELS
docker.io/library/nginx:1.29     application/vnd.oci.image.manifest.v1+json           ${A} 12.3 MiB  linux/amd64             io.cri-containerd.image=managed
docker.io/library/nginx@${A}     application/vnd.oci.image.manifest.v1+json           ${A} 12.3 MiB  linux/amd64             -
docker.io/library/web:1          application/vnd.oci.image.manifest.v1+json           ${A} 12.3 MiB  linux/amd64             -
quay.io/x@${B}                   application/vnd.docker.distribution.manifest.v2+json ${B} 1.0 KiB   linux/amd64,linux/arm64 -
${B}                             application/vnd.docker.distribution.manifest.v2+json ${B} 1.0 KiB   -                       -
`;

test("the list of ctr is grouped by image, with the tags of each, or else its digests", () => {
  assert.deepEqual(groupImages(parseImageList(LIST)), [
    {
      digest: A,
      names: ["docker.io/library/nginx:1.29", "docker.io/library/web:1"],
      size: "12.3 MiB",
      platforms: ["linux/amd64"],
    },
    { digest: B, names: [`quay.io/x@${B}`, B], size: "1.0 KiB", platforms: ["linux/amd64", "linux/arm64"] },
  ]);
  assert.deepEqual(parseImageList("REF TYPE DIGEST SIZE PLATFORMS LABELS \n"), []);
});

test("a name goes alone while there is another one with a tag; the last takes the image with it", () => {
  const references = parseImageList(LIST);
  assert.deepEqual(namesToRemove(references, "docker.io/library/web:1"), ["docker.io/library/web:1"]);
  const fewer = references.filter(({ name }) => name !== "docker.io/library/web:1");
  const all = ["docker.io/library/nginx:1.29", `docker.io/library/nginx@${A}`];
  assert.deepEqual(namesToRemove(fewer, "docker.io/library/nginx:1.29"), all);
  assert.deepEqual(namesToRemove(references, B), [`quay.io/x@${B}`, B]);
  assert.equal(namesToRemove(references, "docker.io/library/nginx:2"), undefined);
});

test("removing takes short names; what is not there is said", async () => {
  const calls: (readonly string[])[] = [];
  const images = imagesOn((args) => {
    calls.push(args);
    return Promise.resolve(args[1] === "list" ? LIST : "");
  });
  assert.deepEqual(await images.remove("web:1"), ["docker.io/library/web:1"]);
  assert.deepEqual(calls.at(-1), ["images", "remove", "docker.io/library/web:1"]);
  await assert.rejects(images.remove("gone"), new ImageError('there is no image "gone"'));
});

test("an archive comes out as it was, packed or not, however it is cut", async () => {
  const pack = [(bytes: Buffer) => bytes, gzipSync, zstdCompressSync];
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 40 }),
      fc.nat(2),
      fc.integer({ min: 1, max: 9 }),
      async (raw, how, cut) => {
        // An archive begins with a file's name: never with what packed ones begin with.
        const bytes = Buffer.concat([Buffer.from("name"), raw]).subarray(0, raw.length === 0 ? 0 : undefined);
        const packed = pack[how]!(bytes);
        const pieces = Array.from({ length: Math.ceil(packed.length / cut) }, (_, i) =>
          packed.subarray(i * cut, (i + 1) * cut),
        );
        assert.deepEqual(await buffer(decompressed(Readable.from(pieces))), bytes);
      },
    ),
    { numRuns: 50 },
  );
});

test("one that is cut off fails, and so does one whose file cannot be read", async () => {
  const packed = gzipSync(randomBytes(4096));
  await assert.rejects(buffer(decompressed(Readable.from([packed.subarray(0, 1000)]))), /unexpected end of file/);
  const broken = new Readable({ read: () => broken.destroy(new Error("EIO")) });
  await assert.rejects(buffer(decompressed(broken)), /EIO/);
});
