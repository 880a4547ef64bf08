import assert from "node:assert/strict";
import { appendFile, mkdtemp, readdir, readFile, rename, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import fc from "fast-check";
import { systemClock } from "#base";
import type { LogOptions } from "#kubelet";
import { LineJoiner, parseRecord } from "./parse.ts";
import { readLog } from "./read.ts";
import { rotateLog } from "./rotate.ts";

const EPOCH = Date.UTC(2026, 0, 1);
const record = (second: number, text: string, tag = "F", stream = "stdout") =>
  `${new Date(EPOCH + second * 1000).toISOString().replace("Z", "000000Z")} ${stream} ${tag} ${text}\n`;

let folder: string;
let path: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "knarr-logs-"));
});
after(() => rm(folder, { recursive: true }));
beforeEach(async () => {
  for (const name of await readdir(folder)) await rm(join(folder, name));
  path = join(folder, "0.log");
});

const signal = new AbortController().signal;
async function textsOf(options: Partial<LogOptions> = {}, ended?: Promise<unknown>): Promise<string[]> {
  const texts: string[] = [];
  const source = { path, ...(ended ? { ended } : {}) };
  for await (const { text } of readLog(source, { follow: false, signal, ...options }, systemClock)) texts.push(text);
  return texts;
}

describe("a record of a log", () => {
  const cases: readonly (readonly [string, string | undefined])[] = [
    ["2026-01-01T00:00:00.5Z stdout F hello  world", "0.5s stdout whole:hello  world"],
    ["2026-01-01T00:00:01.000500001Z stderr P part", "1.0005s stderr part:part"],
    ["2026-01-01T01:00:00+01:00 stdout F:tag ", "0s stdout whole:"],
    ["2026-01-01T00:00:00Z stdout F", "0s stdout whole:"],
    ["2026-01-01T00:00:00Z stdwhat F x", undefined],
    ["yesterday stdout F x", undefined],
    ["", undefined],
  ];
  for (const [line, shown] of cases) {
    it(`is read, or is none: ${JSON.stringify(line)}`, () => {
      const found = parseRecord(Buffer.from(line));
      const seconds = found && Math.round((found.time - EPOCH) * 1e3) / 1e6;
      assert.equal(
        found && `${seconds}s ${found.stream} ${found.partial ? "part" : "whole"}:${found.text.toString()}`,
        shown,
      );
    });
  }

  it("may be a piece of a line, each stream for itself", () => {
    const joiner = new LineJoiner();
    const take = (tag: string, stream: string, text: string) =>
      joiner.take(parseRecord(Buffer.from(record(0, text, tag, stream).trimEnd()))!)?.text;
    assert.deepEqual(
      [take("P", "stdout", "a"), take("P", "stderr", "x"), take("F", "stdout", "b"), take("F", "stderr", "y")],
      [undefined, undefined, "ab", "xy"],
    );
  });
});

describe("reading a log", () => {
  it("gives nothing of a file that is not there", async () => {
    assert.deepEqual(await textsOf(), []);
    assert.deepEqual(await textsOf({ tailLines: 5 }), []);
  });

  it("goes through what was rotated away first", async () => {
    await writeFile(`${path}.20260101-000000`, record(0, "a"));
    await writeFile(`${path}.20260101-000001`, record(1, "b"));
    await writeFile(`${path}.tmp`, record(1, "no"));
    await writeFile(path, record(2, "c") + record(3, "d"));
    assert.deepEqual(await textsOf(), ["a", "b", "c", "d"]);
    assert.deepEqual(await textsOf({ tailLines: 3 }), ["b", "c", "d"]);
    assert.deepEqual(await textsOf({ tailLines: 1 }), ["d"]);
    assert.deepEqual(await textsOf({ tailLines: 0 }), []);
    assert.deepEqual(await textsOf({ since: EPOCH + 2500 }), ["d"]);
    for (const [i, name] of ["20260101-000000", "20260101-000001"].entries())
      await utimes(`${path}.${name}`, EPOCH / 1000 + i, EPOCH / 1000 + i);
    assert.deepEqual(await textsOf({ since: EPOCH + 1000 }), ["b", "c", "d"]);
  });

  it("finds the last lines, whatever they are", async () => {
    const line = fc.record({
      pieces: fc.array(fc.string({ unit: "grapheme-ascii", maxLength: 40 }), { minLength: 1, maxLength: 4 }),
      stuffing: fc.constantFrom(0, 0, 0, 15_000),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 30 }), fc.nat(35), fc.nat(30), async (lines, tailLines, cut) => {
        const texts = lines.map(({ pieces, stuffing }) => pieces.map((piece) => piece + "x".repeat(stuffing)));
        const files = [texts.slice(0, cut), texts.slice(cut)].map((part) =>
          part
            .flatMap((pieces, i) => pieces.map((piece, j) => record(i, piece, j < pieces.length - 1 ? "P" : "F")))
            .join(""),
        );
        await writeFile(`${path}.20260101-000000`, files[0]!);
        await writeFile(path, files[1]!);
        const whole = texts.map((pieces) => pieces.join(""));
        assert.deepEqual(await textsOf(), whole);
        assert.deepEqual(await textsOf({ tailLines }), tailLines === 0 ? [] : whole.slice(-tailLines));
      }),
      { numRuns: 60 },
    );
  });

  it("ends with what had no end yet, as it is", async () => {
    await writeFile(path, record(0, "a") + record(1, "b", "P") + record(2, "x", "P", "stderr") + record(3, "c", "P"));
    const lines: string[] = [];
    for await (const { stream, text, unfinished } of readLog({ path }, { follow: false, signal }, systemClock))
      lines.push(`${stream} ${text}${unfinished ? "" : "|"}`);
    assert.deepEqual(lines, ["stdout a|", "stdout bc", "stderr x"]);
    assert.deepEqual(await textsOf({ tailLines: 2 }), ["a", "bc", "x"]);
    assert.deepEqual(await textsOf({ since: EPOCH + 2500 }), ["bc"]);
    assert.deepEqual(await textsOf({ follow: true }, Promise.resolve()), ["a", "bc", "x"]);
  });

  it("ends with what was there when it was asked for, however fast more is written", async () => {
    const burst = Array.from({ length: 2_000 }, (_, index) =>
      record(index % 60, `line ${index}`.padEnd(100, ".")),
    ).join("");
    await writeFile(path, burst);
    let lines = 0;
    for await (const _ of readLog({ path, ended: new Promise(() => {}) }, { follow: false, signal }, systemClock)) {
      if (lines++ % 100 === 0) await appendFile(path, burst);
    }
    assert.equal(lines, 2_000);
  });

  it("follows what is written, over rotations, until the writer ends", async () => {
    await writeFile(path, record(0, "a") + record(1, "b"));
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const texts: string[] = [];
    const seen = new Map<string, () => void>();
    const sight = (text: string) => new Promise<void>((resolve) => seen.set(text, resolve));
    const following = (async () => {
      for await (const { text } of readLog({ path, ended }, { follow: true, tailLines: 1, signal }, systemClock)) {
        texts.push(text);
        seen.get(text)?.();
      }
    })();
    const [b, c, e] = [sight("b"), sight("c"), sight("e")];
    await b;
    await appendFile(path, record(2, "c").slice(0, 10));
    await appendFile(path, record(2, "c").slice(10));
    await c;
    await appendFile(path, record(3, "d"));
    await rename(path, `${path}.20260101-000003`);
    await writeFile(path, record(4, "e"));
    await e;
    await appendFile(path, record(5, "f"));
    end();
    await following;
    assert.deepEqual(texts, ["b", "c", "d", "e", "f"]);
  });

  it("stops following when the reader aborts", async () => {
    await writeFile(path, record(0, "a"));
    const controller = new AbortController();
    const following = textsOf({ follow: true, signal: controller.signal }, new Promise(() => {}));
    controller.abort();
    assert.ok((await following).length <= 1);
  });
});

describe("rotation", () => {
  const policy = { maxBytes: 10, maxFiles: 3 };
  const names = async () => (await readdir(folder)).toSorted();

  it("puts a large log aside, and keeps so many", async () => {
    const reopened: number[] = [];
    const reopen = async () => {
      reopened.push(reopened.length);
      await writeFile(path, "0123456789");
    };
    await writeFile(path, "small");
    assert.equal(await rotateLog(path, EPOCH, reopen, policy), false);
    await writeFile(path, "0123456789");
    for (let second = 0; second < 4; second++) assert.ok(await rotateLog(path, EPOCH + second * 1000, reopen, policy));
    assert.deepEqual(await names(), ["0.log", "0.log.20260101-000002", "0.log.20260101-000003"]);
    assert.equal(reopened.length, 4);
  });

  it("leaves everything as it was when the runtime does not go along", async () => {
    await writeFile(path, "0123456789");
    await assert.rejects(
      rotateLog(path, EPOCH, () => Promise.reject(new Error("no")), policy),
      /no/,
    );
    assert.deepEqual(await names(), ["0.log"]);
    assert.equal(await readFile(path, "utf8"), "0123456789");
    assert.equal(await rotateLog(join(folder, "none"), EPOCH, () => Promise.resolve(), policy), false);
  });
});
