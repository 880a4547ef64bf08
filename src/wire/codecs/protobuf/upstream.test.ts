import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { nameOfType, rowOf } from "#objects";
import rows from "./messages.json" with { type: "json" };
import { messageName } from "./names.ts";
import { SPECIAL } from "./special.ts";
import { MessageTable, type MessageField } from "./table.ts";

const upstream = join(
  process.env["KNARR_UPSTREAM"] ?? join(import.meta.dirname, "../../../../../shared/upstream"),
  "protobuf.tsv",
);

const table = new MessageTable(rows);

/** `k8s.io.api.core.v1.Pod` for a message, `string`, `repeated string`, `map<string, string>`: a name without a package is of its own. */
const typeText = ({ form, type }: MessageField) => {
  const text = typeof type === "string" ? type : type.message;
  return form === "list" ? `repeated ${text}` : form === "map" ? `map<string, ${text}>` : text;
};

/** What names in JSON and in protobuf have in common: `x-kubernetes-map-type` is xKubernetesMapType. */
const plain = (name: string) => name.replaceAll(/[^A-Za-z0-9]/g, "").toLowerCase();

describe("the table", { skip: existsSync(upstream) ? false : `no upstream facts at ${upstream}` }, () => {
  it("has every field of upstream's messages, by number, name and type", () => {
    const known = new Map<string, Map<number, readonly [name: string, type: string]>>();
    for (const line of readFileSync(upstream, "utf8").trim().split("\n").slice(1)) {
      const [pack = "", message, name = "", number, type = "", label] = line.split("\t");
      const full = type.replace(/[\w.]+(?=>?$)/, (last) =>
        /^[a-z]\w*$/.test(last) ? last : last.includes(".") ? last.replace(/^\./, "") : `${pack}.${last}`,
      );
      const key = `${pack}.${message}`;
      if (!known.has(key)) known.set(key, new Map());
      known.get(key)!.set(Number(number), [name, label === "repeated" ? `repeated ${full}` : full]);
    }
    for (const name of table.names()) {
      const ours = [...table.message(name)].map(([number, field]) => {
        const [theirs = ""] = known.get(name)?.get(number) ?? [];
        return [
          number,
          [field.json === "" || plain(field.json) === plain(theirs) ? theirs : field.json, typeText(field)],
        ];
      });
      assert.deepEqual(new Map(ours as never), known.get(name), name);
    }
    for (const name of typeNames()) {
      const message = messageName(name);
      if (known.has(message)) assert.ok(table.has(message) || SPECIAL.has(message), `${name} has a row`);
    }
  });
});

describe("the table and the schema model", () => {
  it("agree on the fields of every type and on the zeros that JSON leaves out", () => {
    for (const name of typeNames()) {
      if (!table.has(messageName(name))) continue;
      const ours = new Map(fieldsOf(messageName(name)));
      const expected = (rowOf(name)?.fields ?? []).filter(
        (field) => ours.has(field.name) || (field.name !== "apiVersion" && field.name !== "kind"),
      );
      assert.deepEqual(
        new Map([...ours].map(([json, { omitEmpty }]) => [json, omitEmpty])),
        new Map(expected.map((field) => [field.name, field.omitEmpty])),
        name,
      );
    }
  });

  it("refers only to messages that it has and to those without fields", () => {
    const empty = new Set<string>();
    for (const name of table.names()) {
      for (const { type } of table.message(name).values()) {
        if (typeof type === "object" && !table.has(type.message) && !SPECIAL.has(type.message)) empty.add(type.message);
      }
    }
    assert.deepEqual([...empty].sort(), [
      "k8s.io.api.apiserverinternal.v1alpha1.StorageVersionSpec",
      "k8s.io.api.scheduling.v1alpha2.BasicSchedulingPolicy",
      "k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1.CustomResourceSubresourceStatus",
    ]);
  });
});

function* typeNames(): Generator<string> {
  for (let position = 0; nameOfType(position) !== ""; position++) yield nameOfType(position);
}

/** By their names in JSON, those of embedded structs among them. */
function* fieldsOf(message: string): Generator<[string, MessageField]> {
  for (const field of table.message(message).values()) {
    if (field.json !== "") yield [field.json, field];
    else if (typeof field.type === "object") yield* fieldsOf(field.type.message);
  }
}
