// Loaded before every test file: property tests draw the same cases each time. SEED=n draws others.
import fc from "fast-check";

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(process.env["SEED"] ?? 1) });
