// Loaded before every test file: property tests draw the same cases each time (SEED=n draws others), and their failures
// are reported in a readable form.
import fc from "fast-check";
import { reportProperty } from "./test/counterexample.ts";

fc.configureGlobal({
  ...fc.readConfigureGlobal(),
  seed: Number(process.env["SEED"] ?? 1),
  reporter: reportProperty,
});
