// The runner against files that fail in every way: it is run as `npm test` runs it, on files made here.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

const folder = mkdtempSync(join(tmpdir(), "knarr-runner-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Fails the first `times` times that it is called with the name, in whatever process. */
const UNLUCKY = `
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
export function unlucky(name: string, times = 1): void {
  const file = \`\${import.meta.dirname}/\${name}.count\`;
  const before = existsSync(file) ? Number(readFileSync(file, "utf8")) : 0;
  writeFileSync(file, String(before + 1));
  if (before < times) throw new Error(\`bad luck of \${name}\`);
}

/** Says that the one is here and waits, some seconds, for the other to be or to have been. */
export async function meet(one: string, other: string): Promise<void> {
  writeFileSync(\`\${import.meta.dirname}/\${one}.here\`, "");
  for (let tries = 0; tries < 400; tries++) {
    if (existsSync(\`\${import.meta.dirname}/\${other}.here\`)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(\`\${one} has not met \${other}\`);
}

/** Fails if any other process is in the place of this name; leaves it when the process ends. */
export function enter(place: string): void {
  const file = \`\${import.meta.dirname}/\${place}.place\`;
  writeFileSync(file, "", { flag: "wx" });
  process.on("exit", () => rmSync(file));
}
`;
writeFileSync(join(folder, "unlucky.ts"), UNLUCKY);

interface Ran {
  readonly code: number | null;
  readonly output: string;
  /** The sums at the very end. */
  readonly sums: Readonly<Record<string, number>>;
  /** What stands under the heading. */
  readonly section: (heading: string) => string;
}

/** Runs the given test files, by name, with these bodies. */
function runSuite(files: Readonly<Record<string, string>>, ...options: readonly string[]): Ran {
  for (const [name, body] of Object.entries(files)) {
    const head = `import { test, describe, it, before, after } from "node:test";
import { enter, meet, unlucky } from "./unlucky.ts";
void [test, describe, it, before, after, enter, meet, unlucky];
`;
    writeFileSync(join(folder, name), head + body);
  }
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const script = join(import.meta.dirname, "../test.ts");
  const paths = Object.keys(files).map((name) => join(folder, name));
  const ran = spawnSync(process.execPath, [script, ...options, ...paths], { encoding: "utf8", env });
  const output = ran.stdout + ran.stderr;
  const end = /(?:ℹ \w+ [\d.]+\n)+$/.exec(ran.stdout)?.[0] ?? "";
  const sums = Object.fromEntries(
    [...end.matchAll(/ℹ (\w+) ([\d.]+)/g)].map(([, name, value]) => [name, Number(value)]),
  );
  const section = (heading: string) =>
    new RegExp(`^${heading}\\n([\\s\\S]*?)(?=^\\S.*\\n\\n|^slowest|^red|^green)`, "m").exec(ran.stdout)?.[1] ?? "";
  return { code: ran.status, output, sums, section };
}

const lines = (text: string) =>
  text
    .split("\n")
    .filter((line) => /^\S/.test(line))
    .map((line) => line.replace(/^\S*\//, ""));

test("a suite in which nothing fails is green, and its sums close the output", () => {
  const { code, sums, section, output } = runSuite({
    "good.ts": `describe("suite", () => { it("one", () => {}); it("two", { skip: true }, () => {}); });
test("later", { todo: true }, () => { throw new Error("not yet"); });`,
  });
  assert.equal(code, 0, output);
  const { duration_ms, ...counts } = sums;
  assert.deepEqual(counts, { tests: 3, suites: 1, pass: 1, fail: 0, cancelled: 0, skipped: 1, todo: 1 });
  assert.ok(duration_ms! > 0);
  assert.equal(section("FLAKY"), "");
});

test("a test that always fails is run again twice and makes the run red", () => {
  const { code, sums, section, output } = runSuite({
    "always.ts": `test("fails", () => { throw new Error("as ever"); }); test("passes", () => {});`,
  });
  assert.equal(code, 1);
  assert.deepEqual([sums["tests"], sums["pass"], sums["fail"]], [2, 1, 1]);
  assert.deepEqual(lines(section("FAILED")), ["always.ts › fails"]);
  assert.match(section("FAILED"), /Error: as ever\n\s+at .*always\.ts:4/);
  assert.equal(output.match(/^run again, \d of 2: .*always\.ts › fails$/gm)?.length, 2);
});

test("what passes at the second or third attempt is FLAKY, shown with its first failure, and the run is green", () => {
  const { code, sums, section, output } = runSuite({
    "once.ts": `
test("once", () => unlucky("once"));
test("twice", () => unlucky("twice", 2));
test("never", () => {});`,
  });
  assert.equal(code, 0, output);
  assert.deepEqual([sums["tests"], sums["pass"], sums["fail"]], [3, 3, 0]);
  assert.deepEqual(lines(section("FLAKY")), [
    "once.ts › once: failed, passed at attempt 2",
    "once.ts › twice: failed, passed at attempt 3",
  ]);
  assert.match(section("FLAKY"), /Error: bad luck of once/);
});

test("a test that fails at all three attempts is red although others were only unlucky", () => {
  const { code, sums, section } = runSuite({
    "thrice.ts": `test("thrice", () => unlucky("thrice", 3)); test("lucky later", () => unlucky("later"));`,
  });
  assert.equal(code, 1);
  assert.deepEqual([sums["pass"], sums["fail"]], [1, 1]);
  assert.deepEqual(lines(section("FAILED")), ["thrice.ts › thrice"]);
  assert.deepEqual(lines(section("FLAKY")), ["thrice.ts › lucky later: failed, passed at attempt 2"]);
});

test("six tests that fail once are more than a run forgives", () => {
  const { code, sums, section, output } = runSuite({
    "six.ts": [1, 2, 3, 4, 5, 6].map((n) => `test("unlucky ${n}", () => unlucky("six-${n}"));`).join("\n"),
  });
  assert.equal(code, 1);
  assert.deepEqual([sums["tests"], sums["pass"], sums["fail"]], [6, 6, 0]);
  assert.equal(lines(section("FLAKY")).length, 6);
  assert.match(output, /^red: 6 passed only when they were run again; 5 may/m);
});

test("a failing subtest is run again with the test that it stands in, one in a suite by itself", () => {
  const { code, sums, output, section } = runSuite({
    "nested.ts": `
test("parent (a+b) [c] $ ^ \\\\ / | {2} ?", async (t) => {
  await t.test("same.*", () => unlucky("nested-sub"));
  await t.test("other", () => {});
});
describe("outer", () => {
  it("same.*", () => unlucky("nested-it"));
  it("same as same.* but longer", () => { console.log("the longer one ran"); });
  describe("inner", () => { it("same.*", () => { console.log("the inner one ran"); }); });
});
test("same.*", () => { console.log("the outermost one ran"); });`,
  });
  assert.equal(code, 0, output);
  assert.deepEqual([sums["tests"], sums["suites"], sums["pass"], sums["fail"]], [7, 2, 7, 0]);
  assert.deepEqual(lines(section("FLAKY")), [
    "nested.ts › parent (a+b) [c] $ ^ \\ / | {2} ?: failed, passed at attempt 2",
    "nested.ts › outer › same.*: failed, passed at attempt 2",
  ]);
  for (const which of ["longer", "inner", "outermost"]) {
    assert.equal(output.match(new RegExp(`the ${which} one ran`, "g"))?.length, 1, `${which}: only in the first run`);
  }
});

test("a failing hook has the whole file run again", () => {
  const { code, sums, output, section } = runSuite({
    "hook.ts": `
describe("suite", () => { before(() => unlucky("hook-before")); it("one", () => {}); });
test("two", () => {});`,
    "root-hook.ts": `after(() => unlucky("hook-after")); test("three", () => {});`,
    "bad-hook.ts": `describe("bad", () => { after(() => { throw new Error("never tidy"); }); it("four", () => {}); });`,
  });
  assert.equal(code, 1, output);
  assert.deepEqual([sums["tests"], sums["pass"]], [4, 4]);
  assert.deepEqual(lines(section("FLAKY")), [
    "hook.ts: failed, passed at attempt 2",
    "root-hook.ts: failed, passed at attempt 2",
  ]);
  assert.match(section("FLAKY"), /bad luck of hook-before[\s\S]*bad luck of hook-after/);
  assert.deepEqual(lines(section("FAILED")), ["bad-hook.ts"]);
  assert.match(section("FAILED"), /never tidy/);
});

test("a file whose process ends before its tests have, however it ends, has failed", () => {
  const { code, sums, output, section } = runSuite({
    "killed.ts": `test("before", () => {}); test("killed", async () => { process.kill(process.pid, "SIGKILL"); await new Promise(() => {}); });`,
    "left.ts": `test("before", () => {}); test("leaves", () => process.exit(0)); test("behind", () => {});`,
    "throws.ts": `console.log("a last word"); throw new Error("while loading");`,
    "once-left.ts": `try { unlucky("once-left"); } catch { process.exit(0); } test("a", () => {}); test("b", () => {});`,
    "late.ts": `test("in time", () => {}); process.exitCode = 3;`,
    "empty.ts": ``,
  });
  assert.equal(code, 1, output);
  const failed = section("FAILED");
  assert.deepEqual(lines(failed), ["empty.ts", "killed.ts", "late.ts", "left.ts", "throws.ts"]);
  assert.match(failed, /a last word[\s\S]*while loading/);
  assert.match(failed, /the file failed, none of its tests did \(exit code 3\)/);
  assert.deepEqual(lines(section("FLAKY")), ["once-left.ts: failed, passed at attempt 2"]);
  assert.equal(sums["fail"], 5);
  assert.equal(sums["pass"], 3, "a and b of once-left.ts, `in time` of late.ts");
});

test("a test that has another name when it is run again is looked for by running its file", () => {
  const { code, sums, section, output } = runSuite({
    "renamed.ts": `import { randomUUID } from "node:crypto"; test(\`named \${randomUUID()}\`, () => unlucky("renamed"));`,
  });
  assert.equal(code, 0, output);
  assert.deepEqual([sums["tests"], sums["pass"]], [1, 1]);
  assert.match(section("FLAKY"), /renamed\.ts › named [0-9a-f-]+: failed, passed at attempt 3/);
});

test("a file whose process does not end after its tests is ended and has failed, as has a test that hangs", () => {
  const { code, sums, section, output } = runSuite(
    {
      "open.ts": `test("done", () => {}); setInterval(() => {}, 1000);`,
      "hangs.ts": `test("hangs", () => new Promise(() => { setInterval(() => {}, 1000).unref(); setTimeout(() => {}, 1500); }));`,
    },
    "--test-timeout=1000",
    "--retries=0",
    "--test-concurrency=2",
  );
  assert.equal(code, 1, output);
  assert.deepEqual(lines(section("FAILED")), ["hangs.ts › hangs", "open.ts"]);
  assert.match(section("FAILED"), /timed out after 1000ms[\s\S]*its process had not ended 1 s after its tests/);
  assert.deepEqual([sums["tests"], sums["pass"], sums["fail"], sums["cancelled"]], [3, 1, 1, 1]);
});

test("more failures than bad luck explains are not run again", () => {
  const { code, sums, output } = runSuite({
    "broken.ts": `for (let n = 0; n < 21; n++) test(\`broken \${n}\`, () => { throw new Error("broken"); });`,
  });
  assert.equal(code, 1);
  assert.equal(sums["fail"], 21);
  assert.match(output, /21 failures: too many for bad luck/);
  assert.doesNotMatch(output, /^run again/m);
});

test("without retries a failure is final, and a name pattern reaches the tests", () => {
  const bodies = { "few.ts": `test("good", () => {}); test("bad", () => { throw new Error("bad"); });` };
  const all = runSuite(bodies, "--retries=0");
  assert.deepEqual([all.code, all.sums["tests"], all.sums["fail"]], [1, 2, 1]);
  assert.doesNotMatch(all.output, /^run again/m);
  const good = runSuite(bodies, "--test-name-pattern=^good$");
  assert.deepEqual([good.code, good.sums["tests"], good.sums["pass"]], [0, 1, 1]);
});

test("what cannot be read or found is refused by name", () => {
  const odd = runSuite({}, "--watch");
  assert.equal(odd.code, 2);
  assert.match(odd.output, /cannot read --watch/);
  const lost = runSuite({}, "src/nothing-here");
  assert.equal(lost.code, 2);
  assert.match(lost.output, /no test file matches src\/nothing-here/);
});

test("files run side by side, and what each prints stands together", () => {
  const { code, sums, output } = runSuite(
    {
      "left.test.ts": `test("left", async () => { console.log("left 1"); await meet("left", "right"); console.log("left 2"); });`,
      "right.test.ts": `test("right", async () => { console.log("right 1"); await meet("right", "left"); console.log("right 2"); });`,
    },
    "--test-concurrency=2",
  );
  assert.equal(code, 0, output);
  assert.deepEqual([sums["tests"], sums["pass"]], [2, 2]);
  assert.match(output, /left\.test\.ts\nleft 1\nleft 2\n✔ left .*\n/);
  assert.match(output, /right\.test\.ts\nright 1\nright 2\n✔ right .*\n/);
});

test("files with real containers run one at a time, with others beside them", () => {
  const real = (name: string) =>
    `test("${name}", async () => { enter("machine"); await meet("${name}", "beside"); await new Promise((resolve) => setTimeout(resolve, 300)); });`;
  const { code, sums, output } = runSuite(
    {
      "one.real.test.ts": real("one"),
      "two.real.test.ts": real("two"),
      "three.real.test.ts": real("three"),
      "beside.test.ts": `test("beside", () => meet("beside", "one"));`,
      "also.test.ts": `test("also", () => {});`,
    },
    "--test-concurrency=4",
    "--retries=0",
  );
  assert.equal(code, 0, output);
  assert.deepEqual([sums["tests"], sums["pass"]], [5, 5]);
});

test("a failure is run again when everything else has ended", () => {
  const stays = `await new Promise((resolve) => setTimeout(resolve, 1000)); });`;
  const { code, sums, section, output } = runSuite(
    {
      "early.test.ts": `test("early", () => { unlucky("early"); enter("runner"); });`,
      "early-too.test.ts": `test("early too", () => { unlucky("early-too"); enter("runner"); });`,
      "long.test.ts": `test("long", async () => { enter("runner"); ${stays}`,
    },
    "--test-concurrency=3",
  );
  assert.equal(code, 0, output);
  assert.deepEqual([sums["tests"], sums["pass"]], [3, 3]);
  assert.deepEqual(lines(section("FLAKY")), [
    "early-too.test.ts › early too: failed, passed at attempt 2",
    "early.test.ts › early: failed, passed at attempt 2",
  ]);
});

test("the crash of a file does not touch the one beside it", () => {
  const { code, sums, section, output } = runSuite(
    {
      "crashing.test.ts": `test("crashing", async () => { await meet("crashing", "steady"); process.kill(process.pid, "SIGKILL"); await new Promise(() => {}); });`,
      "steady.test.ts": `
test("steady", async () => { await meet("steady", "crashing"); await new Promise((resolve) => setTimeout(resolve, 500)); });
test("to its end", () => {});`,
    },
    "--test-concurrency=2",
    "--retries=0",
  );
  assert.equal(code, 1, output);
  assert.deepEqual(lines(section("FAILED")), ["crashing.test.ts"]);
  assert.match(section("FAILED"), /ended without results \(SIGKILL\)/);
  assert.equal(sums["pass"], 2);
});
