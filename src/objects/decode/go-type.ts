import type { Field, Scalar, Schema } from "../schema/model.ts";

/** How Go prints the types of scalars: decoding errors name them. */
const SCALARS: Readonly<Record<Scalar, string>> = {
  string: "string",
  boolean: "bool",
  int32: "int32",
  int64: "int64",
  number: "float64",
  bytes: "[]uint8",
  time: "v1.Time",
  "micro-time": "v1.MicroTime",
  "int-or-string": "intstr.IntOrString",
  quantity: "resource.Quantity",
  duration: "v1.Duration",
};

/** `v1.PodSpec` of io.k8s.api.core.v1.PodSpec: the last part of the package and the name. */
const qualified = (name: string) => name.split(".").slice(-2).join(".");

/** `PodSpec`, as errors name the struct that a field is in. */
export const structName = (name: string | undefined): string => name?.split(".").at(-1) ?? "";

function derived(schema: Schema): string {
  switch (schema.type) {
    case "object":
      return schema.name ? qualified(schema.name) : "map[string]interface {}";
    case "list":
      return `[]${derived(schema.items)}`;
    case "map":
      return `map[string]${derived(schema.values)}`;
    case "scalar":
      return SCALARS[schema.scalar];
    case "any":
      return "interface {}";
  }
}

export const goTypeOf = (field: Field): string => field.goType ?? derived(field.schema);
export const rootGoType = derived;

/** The type of a list's items or a map's values, of the type of the list or map. */
export function innerGoType(goType: string, inner: Schema): string {
  const prefix = /^(\[\]|map\[[^\]]*\])/.exec(goType)?.[0];
  return prefix ? goType.slice(prefix.length) : derived(inner);
}
