// Makes src/objects/generated/ from the Kubernetes 1.36 models of @kubernetes/client-node and src/objects/facts/:
//   types.ts      the API's types, as the JSON on the wire has them (timestamps are strings), readonly throughout
//   schemas.json  their structure, for src/objects/schema/
//   texts.json    what their documentation says, for the OpenAPI documents
//   stamp         what it was made from, so that set-up knows when to make it again (argument 1)
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readModels } from "./generate/models.ts";
import { schemaTable, textTable } from "./generate/schemas.ts";
import { readFacts, structureOf } from "./generate/structure.ts";
import { typesModule } from "./generate/types.ts";

const out = join(import.meta.dirname, "../src/objects/generated");

const models = await readModels();
const byName = new Map(models.map((model) => [model.name, model]));
const facts = readFacts().toSorted((a, b) => (a.name < b.name ? -1 : 1));
const names = new Map(facts.filter(({ model }) => model).map(({ name, model }) => [model, name]));
const types = facts.map((fact) => structureOf(fact, byName, names));

mkdirSync(out, { recursive: true });
writeFileSync(join(out, "types.ts"), typesModule(models));
writeFileSync(join(out, "schemas.json"), JSON.stringify(schemaTable(types)));
writeFileSync(join(out, "texts.json"), JSON.stringify(textTable(types)));
writeFileSync(join(out, "stamp"), process.argv[2] ?? "");
