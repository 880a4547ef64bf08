import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { fullImageName, imageRepository, parseImageName } from "./image-name.ts";

const SHA = `sha256:${"a".repeat(64)}`;

// Each line: a name as it is written, and what it stands for.
const NAMES: readonly (readonly [image: string, full: string])[] = [
  ["nginx", "docker.io/library/nginx:latest"],
  ["nginx:1.27", "docker.io/library/nginx:1.27"],
  ["library/nginx", "docker.io/library/nginx:latest"],
  ["team/app", "docker.io/team/app:latest"],
  ["docker.io/nginx", "docker.io/library/nginx:latest"],
  ["index.docker.io/nginx", "docker.io/library/nginx:latest"],
  ["localhost/x", "localhost/x:latest"],
  ["localhost:5000/x", "localhost:5000/x:latest"],
  ["Team/app", "Team/app:latest"],
  ["example.com/a/b:1", "example.com/a/b:1"],
  ["registry.example:5000/a/b_c", "registry.example:5000/a/b_c:latest"],
  ["[::1]:5000/x:y", "[::1]:5000/x:y"],
  ["a__b.c/app", "a__b.c/app:latest"],
  [`nginx@${SHA}`, `docker.io/library/nginx@${SHA}`],
  [`nginx:1@${SHA}`, `docker.io/library/nginx@${SHA}`],
  [`x@sha512:${"0".repeat(128)}`, `docker.io/library/x@sha512:${"0".repeat(128)}`],
];

// Each line: what is no name, and why.
const NO_NAMES: readonly (readonly [image: string, problem: string])[] = [
  ["Nginx", "invalid reference format: repository name (library/Nginx) must be lowercase"],
  ["example.com/App", "invalid reference format: repository name (App) must be lowercase"],
  ["nginx:", "invalid reference format"],
  ["nginx:a b", "invalid reference format"],
  ["a b", "invalid reference format"],
  ["a//b", "invalid reference format"],
  ["", "invalid reference format"],
  [`nginx:${"t".repeat(129)}`, "invalid reference format"],
  ["nginx@sha256:00", "invalid reference format"],
  ["nginx@" + SHA.slice(0, -1), "invalid checksum digest length"],
  [`nginx@sha256:${"A".repeat(64)}`, "invalid checksum digest format"],
  [`nginx@md5:${"a".repeat(32)}`, "unsupported digest algorithm"],
  [`nginx@mD5:${"a".repeat(32)}`, "invalid reference format: repository name (library/nginx@mD5) must be lowercase"],
  ["a".repeat(64), `invalid repository name (${"a".repeat(64)}), cannot specify 64-byte hexadecimal strings`],
  ["x/".repeat(130) + "y", "repository name must not be more than 255 characters"],
];

describe("an image's name", () => {
  for (const [image, full] of NAMES) {
    it(`is read, and written in full: ${image.slice(0, 40)}`, () => assert.equal(fullImageName(image), full));
  }
  for (const [image, problem] of NO_NAMES) {
    it(`is refused in upstream's words and left as it is: ${image.slice(0, 40) || "(empty)"}`, () => {
      assert.deepEqual(parseImageName(image), { problem });
      assert.deepEqual([fullImageName(image), imageRepository(image)], [image, image]);
    });
  }
});

const text = (source: RegExp) => fc.stringMatching(source);
const path = fc.array(text(/^[a-z0-9]{1,4}(?:[._-][a-z0-9]{1,4}|__[a-z0-9])?$/), { minLength: 1, maxLength: 4 });
const parts = fc.record({
  domain: fc.oneof(
    text(/^[a-z0-9]{1,5}(?:\.[a-z0-9]{1,5}){1,2}(?::[0-9]{1,5})?$/),
    text(/^localhost(?::[0-9]{1,5})?$/),
    text(/^\[[a-f0-9:]{1,8}\](?::[0-9]{1,5})$/),
  ),
  path: path.map((components) => components.join("/")),
  tag: fc.option(text(/^\w[\w.-]{0,20}$/), { nil: undefined }),
  digest: fc.option(text(/^sha256:[a-f0-9]{64}$/), { nil: undefined }),
});
const ending = ({ tag, digest }: { readonly tag: string | undefined; readonly digest: string | undefined }) =>
  (tag === undefined ? "" : `:${tag}`) + (digest === undefined ? "" : `@${digest}`);

describe("any image's name", () => {
  it("is read as it was put together", () => {
    fc.assert(
      fc.property(parts, (name) => {
        fc.pre(name.domain !== "index.docker.io" && name.domain !== "docker.io");
        assert.deepEqual(parseImageName(`${name.domain}/${name.path}${ending(name)}`), { ...name });
      }),
    );
  });

  it("without a registry is Docker Hub's, and without a folder in its library", () => {
    fc.assert(
      fc.property(parts, (name) => {
        const [first = ""] = name.path.split("/");
        fc.pre(!name.path.includes("/") || !/^localhost$|\./.test(first));
        fc.pre(!/^[a-f0-9]{64}$/.test(name.path));
        const inFolder = name.path.includes("/") ? name.path : `library/${name.path}`;
        assert.deepEqual(parseImageName(name.path + ending(name)), { ...name, domain: "docker.io", path: inFolder });
      }),
    );
  });

  it("is refused, or stands for a full name that stands for itself", () => {
    const letters = fc.string({
      unit: fc.constantFrom("a", "B", "0", ".", "/", ":", "@", "_", "-", "[", "]", " ", "\u212A"),
      maxLength: 30,
    });
    const spoilt = fc
      .tuple(parts, fc.nat(80), letters)
      .map(([name, at, more]) => `${name.domain}/${name.path}${ending(name)}`.slice(0, at) + more);
    fc.assert(
      fc.property(fc.oneof(letters, spoilt, fc.string()), (image) => {
        const name = parseImageName(image);
        if ("problem" in name) {
          assert.equal(fullImageName(image), image);
          return;
        }
        const full = fullImageName(image);
        assert.equal(fullImageName(full), full);
        assert.equal(imageRepository(full), imageRepository(image));
        assert.ok(full.startsWith(imageRepository(image)));
      }),
      { numRuns: 2000 },
    );
  });
});
