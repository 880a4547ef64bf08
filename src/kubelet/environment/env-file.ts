/**
 * The value of a key in an environment file: lines of `NAME='value'` (upstream pkg/kubelet/util/env). A value may
 * go over several lines; nothing in it is special. Undefined when the file has no such key, or only before an error.
 *
 * @throws Error when a line before the key's is not of that form.
 */
export function envFileValue(text: string, key: string): string | undefined {
  const lines = text.split("\n").map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line));
  if (lines.at(-1) === "") lines.pop();
  const fail = (at: number, what: string) =>
    new Error(`invalid environment variable format at line ${at + 1}: ${what}`);

  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!.replace(/^[ \t]+/, "");
    if (line === "" || line.startsWith("#")) continue;
    const equals = line.indexOf("=");
    if (equals < 0) throw fail(at, "missing '='");
    const name = line.slice(0, equals);
    if (name.trim() === "") throw fail(at, "empty variable name");
    if (/[ \t]$/.test(name)) throw fail(at, "whitespace before '=' is not allowed");
    const assigned = line.slice(equals + 1);
    // As a shell has it: what follows the blank is something else.
    if (/^[ \t]/.test(assigned)) {
      if (name === key) return "";
      continue;
    }
    if (!assigned.startsWith("'")) throw fail(at, "value must be enclosed in single quotes");
    const begin = at;
    let value = assigned.slice(1);
    while (!value.includes("'")) {
      const next = lines[++at];
      if (next === undefined) {
        throw new Error(`invalid environment variable format starting at line ${begin + 1}: unclosed single quote`);
      }
      value += `\n${next}`;
    }
    const close = value.indexOf("'");
    const rest = value.slice(close + 1).replace(/^[ \t]+/, "");
    if (rest !== "" && !rest.startsWith("#")) throw fail(at, "unexpected content after closing quote");
    if (name === key) return value.slice(0, close);
  }
  return undefined;
}
