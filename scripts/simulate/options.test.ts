import assert from "node:assert/strict";
import { test } from "node:test";
import { parseOptions, USAGE } from "./options.ts";

test("options of the simulator are read, and --help and every wrong one answer with the usage", () => {
  const defaults = { seeds: 100, from: 1, seconds: 60, store: "memory", verbose: false, worker: false };
  assert.deepEqual(parseOptions([]), defaults);
  assert.deepEqual(parseOptions(["--seeds", "3", "--from=7", "--verbose"]), {
    ...defaults,
    seeds: 3,
    from: 7,
    verbose: true,
  });
  assert.deepEqual(parseOptions(["--store", "lmdb"]), { ...defaults, store: "lmdb" });
  assert.equal(parseOptions(["--help"]), USAGE);
  for (const args of [["--sedes", "3"], ["--seeds", "0"], ["--seeds=x"], ["--seeds"], ["--store", "disk"], ["7"]]) {
    const said = parseOptions(args);
    assert.ok(
      typeof said === "string" && said !== USAGE && said.endsWith(USAGE),
      `${args.join(" ")}: ${JSON.stringify(said)}`,
    );
  }
});
