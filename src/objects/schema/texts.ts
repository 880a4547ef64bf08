import { positionOf, rowAt } from "./table.ts";

/** What the API's documentation says of its types and fields; empty where it says nothing. */
export interface SchemaTexts {
  /** By the type's upstream name. */
  readonly ofType: (name: string) => string;
  readonly ofField: (name: string, field: string) => string;
}

/** Half a megabyte that is loaded when a client asks for OpenAPI. */
export async function loadSchemaTexts(): Promise<SchemaTexts> {
  const { default: table } = await import("../generated/texts.json", { with: { type: "json" } });
  const strings: readonly string[] = table.strings;
  /** For each type its own text and those of its fields, in the order of the schema table. */
  const types: readonly (readonly number[])[] = table.types;
  const text = (type: number | undefined, at: number) =>
    type === undefined || at < 0 ? "" : (strings[types[type]?.[at] ?? -1] ?? "");
  const fieldNames = new Map<number, readonly string[]>();
  return {
    ofType: (name) => text(positionOf(name), 0),
    ofField: (name, field) => {
      const type = positionOf(name);
      if (type === undefined) return "";
      let names = fieldNames.get(type);
      if (!names) fieldNames.set(type, (names = rowAt(type).fields.map((row) => row.name)));
      const at = names.indexOf(field);
      return at < 0 ? "" : text(type, at + 1);
    },
  };
}
