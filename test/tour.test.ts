import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { CHAPTERS } from "../scripts/tour/chapters/index.ts";
import { run } from "./support/run.ts";

const TOUR = join(import.meta.dirname, "../scripts/tour.ts");

describe("the chapters of the tour, with the real kubectl (O8)", { concurrency: 2 }, () => {
  for (const chapter of CHAPTERS.keys()) {
    it(`${chapter}: everything that it shows is so`, async () => {
      const { code, stdout, stderr } = await run(process.execPath, [TOUR, "--chapter", chapter]);
      assert.equal(code, 0, stdout + stderr);
      assert.match(stdout, /^All \d+ checks held/m);
    });
  }

  it("names the chapters that there are when it does not know one", async () => {
    const { code, stderr } = await run(process.execPath, [TOUR, "--chapter", "cats"]);
    assert.equal(code, 2);
    assert.equal(
      stderr,
      `tour: there is no chapter "cats"; there is --real for real containers, --chapter ${[...CHAPTERS.keys()].join("|")}\n`,
    );
  });
});
