import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { basename } from "node:path";
import { before, describe, it } from "node:test";
import { BUSYBOX_VARIABLE, missingForContainers, staticBusybox } from "./requirements.ts";

const INSIDE = "KNARR_TEST_INSIDE";
const LIMITS = { timeout: 300_000 };

/**
 * Describes tests that make a network for pods: they run in a network namespace of their own, for which the file is
 * run once more inside of one. Where containers cannot run they are skipped, with the reason.
 *
 * @param file `import.meta.filename`
 */
export async function describeInside(title: string, file: string, tests: () => void): Promise<void> {
  if (process.env[INSIDE] === file) {
    describe(title, LIMITS, () => {
      before(() => void execFileSync("ip", ["link", "set", "lo", "up"]));
      tests();
    });
    return;
  }
  const skip = (await missingForContainers()) ?? false;
  it(`${title}, in a network namespace`, { ...LIMITS, skip }, () => {
    const env = { ...process.env, [INSIDE]: file, [BUSYBOX_VARIABLE]: staticBusybox() };
    Reflect.deleteProperty(env, "NODE_TEST_CONTEXT");
    const args = ["--net", process.execPath, ...process.execArgv, "--test-reporter=spec", file];
    const { status, stdout } = spawnSync("unshare", args, { env, encoding: "utf8", maxBuffer: 64 << 20 });
    assert.equal(status, 0, `${basename(file)} inside:\n${stdout}`);
  });
}
