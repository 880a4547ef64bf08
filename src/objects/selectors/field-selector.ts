/** Field selectors: `metadata.name=x,status.phase!=Running` (apimachinery fields). */
import { badRequest } from "../status-error.ts";

/** One condition of a field selector. */
export interface FieldRequirement {
  readonly field: string;
  readonly operator: "=" | "!=";
  /** Unescaped. */
  readonly value: string;
}

/** A parsed field selector: all requirements must hold. */
export interface FieldSelector {
  readonly requirements: readonly FieldRequirement[];
  /** Whether it selects everything. */
  readonly empty: boolean;
  /** The one value that a field must have, if the selector says so. */
  exactValue(field: string): string | undefined;
  /**
   * A function that matches objects. `accessor` gives the function that reads a field, and throws for fields
   * that the kind does not know.
   */
  compile<T>(accessor: (field: string) => (object: T) => string): (object: T) => boolean;
  toString(): string;
}

/** At commas that no backslash protects. */
function splitTerms(text: string): string[] {
  const terms: string[] = [];
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === ",") {
      terms.push(text.slice(start, i));
      start = i + 1;
    }
  }
  terms.push(text.slice(start));
  return terms;
}

function unescape(text: string): string {
  let result = "";
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (char === "," || char === "=") {
      throw badRequest(`invalid field selector: unescaped character in value: ${char.charCodeAt(0)}`);
    }
    if (char !== "\\") {
      result += char;
      continue;
    }
    const next = String.fromCodePoint(...(i + 1 < text.length ? [text.codePointAt(i + 1)!] : []));
    if (next !== "\\" && next !== "," && next !== "=") {
      throw badRequest(`invalid field selector: invalid escape sequence: \\${next}`);
    }
    result += next;
    i++;
  }
  return result;
}

const escape = (value: string) => value.replace(/[\\,=]/g, "\\$&");

/** Throws a 400 StatusError with upstream's text when it does not parse. */
export function parseFieldSelector(text: string): FieldSelector {
  const requirements: FieldRequirement[] = [];
  for (const term of splitTerms(text).toSorted()) {
    if (term === "") continue;
    const match = /!=|==|=/.exec(term);
    if (!match) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
    const field = term.slice(0, match.index);
    const value = unescape(term.slice(match.index + match[0].length));
    // Upstream drops a term that is nothing but its operator.
    if (field !== "" || value !== "") requirements.push({ field, operator: match[0] === "!=" ? "!=" : "=", value });
  }
  return fieldSelectorOf(requirements);
}

/** The conjunction of requirements. */
export function fieldSelectorOf(requirements: readonly FieldRequirement[]): FieldSelector {
  return {
    requirements,
    empty: requirements.length === 0,
    exactValue: (field) =>
      requirements.find((requirement) => requirement.field === field && requirement.operator === "=")?.value,
    compile(accessor) {
      const checks = requirements.map(({ field, operator, value }) => {
        const read = accessor(field);
        return { read, value, wanted: operator === "=" };
      });
      return (object) => {
        for (let i = 0; i < checks.length; i++) {
          const { read, value, wanted } = checks[i]!;
          if ((read(object) === value) !== wanted) return false;
        }
        return true;
      };
    },
    toString: () => requirements.map(({ field, operator, value }) => `${field}${operator}${escape(value)}`).join(","),
  };
}
