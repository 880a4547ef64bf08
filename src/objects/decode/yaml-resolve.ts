/**
 * What a plain scalar of YAML 1.1 means to go-yaml v2, which upstream reads YAML with: `yes` and `on` are true,
 * `010` is eight, `1_000` a thousand. Numbers are JSON texts, so that integers of 64 bits stay exact.
 */
export type Resolved =
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "number"; readonly json: string; readonly isInteger: boolean }
  | { readonly type: "boolean"; readonly value: boolean }
  | { readonly type: "null" };

/** The message is go-yaml's. */
export class YamlFailure extends Error {}

const WORDS = new Map<string, Resolved>();
for (const text of ["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"]) {
  WORDS.set(text, { type: "boolean", value: true });
}
for (const text of ["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"]) {
  WORDS.set(text, { type: "boolean", value: false });
}
for (const text of ["", "~", "null", "Null", "NULL"]) WORDS.set(text, { type: "null" });

const NOT_JSON: ReadonlyMap<string, string> = new Map([
  ...[".nan", ".NaN", ".NAN"].map((text) => [text, "NaN"] as const),
  ...[".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"].map((text) => [text, "+Inf"] as const),
  ...["-.inf", "-.Inf", "-.INF"].map((text) => [text, "-Inf"] as const),
]);

const INT = /^([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[oO]?([0-7]+)|0[bB]([01]+)|(0|[1-9][0-9]*))$/;
const FLOAT = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;
const TIMESTAMP =
  /^\d{4}-\d{1,2}-\d{1,2}(?:[Tt]\d{1,2}:\d{1,2}:\d{1,2}(?:\.\d+)?(?:Z|[-+]\d{2}:\d{2})| \d{1,2}:\d{1,2}:\d{1,2}(?:\.\d+)?)?$/;
const MAX_INT = 2n ** 64n - 1n;
const MIN_INT = -(2n ** 63n);

const string = (value: string): Resolved => ({ type: "string", value });

/** Of a plain scalar without a tag. */
export function resolvePlain(text: string): Resolved {
  const word = WORDS.get(text);
  if (word) return word;
  const unsupported = NOT_JSON.get(text);
  if (unsupported) throw new YamlFailure(`json: unsupported value: ${unsupported}`);
  if (!/^[-+.0-9]/.test(text) || TIMESTAMP.test(text)) return string(text);
  const plain = text.startsWith(".") ? text : text.replaceAll("_", "");
  return integer(plain) ?? float(plain) ?? string(text);
}

function integer(text: string): Resolved | undefined {
  if (text.length > 80) return undefined;
  const match = INT.exec(text);
  if (!match) return undefined;
  const [, sign, hex, octal, bits, decimal] = match;
  const magnitude = BigInt(hex ? `0x${hex}` : octal ? `0o${octal}` : bits ? `0b${bits}` : (decimal ?? "0"));
  const value = sign === "-" ? -magnitude : magnitude;
  if (value > MAX_INT || value < MIN_INT) return undefined;
  // With a sign only 64 bits including it: more is a float.
  if (sign === "+" && value > 2n ** 63n - 1n) return undefined;
  return { type: "number", json: String(value), isInteger: true };
}

function float(text: string): Resolved | undefined {
  if (!FLOAT.test(text)) return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? { type: "number", json: JSON.stringify(value), isInteger: false } : undefined;
}

const LONG = "tag:yaml.org,2002:";
const shortTag = (tag: string) => (tag.startsWith(LONG) ? `!!${tag.slice(LONG.length)}` : tag);

const TAG_OF: Readonly<Record<Resolved["type"], string>> = {
  string: "!!str",
  number: "!!int",
  boolean: "!!bool",
  null: "!!null",
};

/** Of a scalar with an explicit tag; what is tagged with anything unknown is a string. */
export function resolveTagged(tag: string, text: string): Resolved {
  const short = shortTag(tag);
  switch (short) {
    case "!!binary":
      return binary(text);
    case "!!int":
    case "!!float":
    case "!!bool":
    case "!!null": {
      const found = resolvePlain(text);
      if (TAG_OF[found.type] === short && (found.type !== "number" || found.isInteger)) return found;
      if (short === "!!float" && found.type === "number") return found;
      const foundTag = found.type === "number" && !found.isInteger ? "!!float" : TAG_OF[found.type];
      throw new YamlFailure(`yaml: cannot decode ${foundTag} \`${text}\` as a ${short}`);
    }
    default:
      return string(text);
  }
}

/** Upstream puts the decoded bytes into a JSON string; what is no UTF-8 in them is lost. */
function binary(text: string): Resolved {
  const stripped = text.replaceAll(/[\r\n]/g, "");
  let bytes: string;
  try {
    bytes = atob(stripped);
  } catch {
    throw new YamlFailure("yaml: !!binary value contains invalid base64 data");
  }
  return string(new TextDecoder().decode(Uint8Array.from(bytes, (char) => char.charCodeAt(0))));
}
