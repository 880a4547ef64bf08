/** Texts, numbers and the like in YAML, in the style that go-yaml 2 chooses for them. */

/** Lines are folded at the first space behind this column. */
const WIDTH = 80;

/** A value that is written in one place: no map or list but empty ones. `indent`: of the lines that it goes on in. */
export function scalarOf(value: unknown, indent: number, column: number): string {
  switch (typeof value) {
    case "string":
      return folded(value, indent, column);
    case "bigint":
      return String(value);
    case "number":
      return numberOf(value);
    case "boolean":
      return value ? "true" : "false";
    default:
      return value === null || value === undefined ? "null" : Array.isArray(value) ? "[]" : "{}";
  }
}

/** Go's `%g`: an exponent for fractions that are very large or small. */
function numberOf(value: number): string {
  if (Number.isSafeInteger(value)) return String(value);
  const [mantissa = "", exponent = "0"] = value.toExponential().split("e");
  const power = Number(exponent);
  if (power >= -4 && power < 6) return String(value);
  return `${mantissa}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
}

/** What cannot be anything but text: the way of nearly all. */
const ORDINARY = /^[A-Za-z_/][A-Za-z0-9_./@+=-]{0,63}$/;

/** Words that mean something else (YAML 1.1). */
const WORDS = new Set(
  ["y", "yes", "on", "true", "n", "no", "off", "false", "null"].flatMap((word) => {
    const capital = word[0]!.toUpperCase() + word.slice(1);
    return [word, capital, word.toUpperCase()];
  }),
);
for (const word of ["", "~", ".nan", ".NaN", ".NAN"]) WORDS.add(word);
for (const sign of ["", "+", "-"]) for (const word of [".inf", ".Inf", ".INF"]) WORDS.add(sign + word);

const INTEGER = /^[+-]?(?:0[xX][\da-fA-F]+|-?0[bB][01]+|0[oO]?[0-7]+|\d+)$/;
const FLOAT = /^[+-]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][+-]?\d+)?$/;
const BASE_60 = /^[+-]?\d[\d_]*(?::[0-5]?\d)+(?:\.[\d_]*)?$/;
const TIMESTAMP = /^\d{4}-\d{1,2}-\d{1,2}(?:[Tt ]+\d{1,2}:\d{1,2}:\d{1,2}(?:\.\d*)?(?: *Z|[+-]\d\d:?\d\d)?)?$/;

/** Whether a text would be read as something else if it stood there as it is. */
function meansElse(text: string): boolean {
  if (WORDS.has(text)) return true;
  if (!/^[\d+.-]/.test(text)) return false;
  const plain = text.replaceAll("_", "");
  return INTEGER.test(plain) || FLOAT.test(plain) || BASE_60.test(text) || TIMESTAMP.test(text);
}

/** Characters that only an escape can stand for; line ends other than the usual one are among them, to be safe. */
// eslint-disable-next-line no-control-regex
const SPECIAL = /[^\n\u0020-\u007e\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]/;
/** What cannot begin a plain text, or stand in one. */
const INDICATOR = /^[#,[\]{}&*!|>'"%@`]|^[?:-](?:[ \t]|$)|^---|^\.\.\.|:(?:[ \t]|$)|[ \n]#/;

type Style = "plain" | "single" | "double" | "literal";

function styleOf(text: string): Style {
  if (SPECIAL.test(text)) return "double";
  if (text.includes("\n")) return / \n/.test(text) || text.endsWith(" ") ? "double" : "literal";
  if (meansElse(text)) return "double";
  return text.startsWith(" ") || text.endsWith(" ") || INDICATOR.test(text) ? "single" : "plain";
}

/** A text that stays on its line: a key. */
export function textOf(text: string): string {
  if (ORDINARY.test(text) && !WORDS.has(text)) return text;
  switch (styleOf(text)) {
    case "plain":
      return text;
    case "single":
      return `'${text.replaceAll("'", "''")}'`;
    case "double":
    case "literal":
      return `"${escaped(text)}"`;
  }
}

function folded(text: string, indent: number, column: number): string {
  if (ORDINARY.test(text) && !WORDS.has(text)) return text;
  const style = styleOf(text);
  switch (style) {
    case "literal":
      return literal(text, indent);
    case "plain":
      return fold(text, indent, column, style);
    case "single":
      return `'${fold(text.replaceAll("'", "''"), indent, column + 1, style)}'`;
    case "double":
      return `"${fold(escaped(text), indent, column + 1, style)}"`;
  }
}

/** Between words, never at the ends nor beside a second space but where it can be escaped. */
function fold(text: string, indent: number, column: number, style: Exclude<Style, "literal">): string {
  if (column + text.length <= WIDTH || !text.includes(" ")) return text;
  const chars = Array.from(text);
  let result = "";
  let at = column;
  let spaces = false;
  for (const [i, char] of chars.entries()) {
    const next = chars[i + 1];
    const isLast = next === undefined;
    if (char === " " && !spaces && at > WIDTH && i > 0 && !isLast && (style === "double" || next !== " ")) {
      result += `\n${" ".repeat(indent)}${next === " " ? "\\" : ""}`;
      at = indent + (next === " " ? 1 : 0);
    } else {
      result += char;
      at++;
    }
    spaces = char === " ";
  }
  return result;
}

/** Lines as they are, behind a mark that says what is at the beginning and at the end of them. */
function literal(text: string, indent: number): string {
  const begins = text.startsWith(" ") || text.startsWith("\n") ? "2" : "";
  const open = text.endsWith("\n") ? (text === "\n" || text.endsWith("\n\n") ? "+" : "") : "-";
  const body = text.endsWith("\n") ? text.slice(0, -1) : text;
  const lines = body.split("\n").map((line) => (line === "" ? "" : " ".repeat(indent) + line));
  return `|${begins}${open}\n${lines.join("\n")}`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  "\0": "\\0",
  "\u0007": "\\a",
  "\b": "\\b",
  "\t": "\\t",
  "\n": "\\n",
  "\v": "\\v",
  "\f": "\\f",
  "\r": "\\r",
  "\u001b": "\\e",
  '"': '\\"',
  "\\": "\\\\",
  "\u0085": "\\N",
  "\u2028": "\\L",
  "\u2029": "\\P",
};

function escaped(text: string): string {
  let result = "";
  for (const char of text) {
    if (char !== '"' && char !== "\\" && char !== "\n" && !SPECIAL.test(char)) result += char;
    else result += ESCAPES[char] ?? hexadecimal(char.codePointAt(0)!);
  }
  return result;
}

function hexadecimal(code: number): string {
  const [mark, digits] = code < 0x100 ? ["x", 2] : code < 0x10000 ? ["u", 4] : ["U", 8];
  return `\\${mark}${code.toString(16).toUpperCase().padStart(Number(digits), "0")}`;
}
