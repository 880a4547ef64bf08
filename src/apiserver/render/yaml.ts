/**
 * YAML as Kubernetes writes it (sigs.k8s.io/yaml over go-yaml 2): keys in natural order, lists not indented, lines
 * folded behind column 80. Made for values that JSON can hold, and for thousands of them.
 */
import { Memo } from "#objects";
import { scalarOf, textOf } from "./yaml-scalar.ts";

/** One document. */
export function yamlOf(value: unknown): string {
  if (isMap(value) && !isEmpty(value)) return entries(value, 0);
  if (Array.isArray(value) && value.length > 0) return items(value, 0);
  return `${scalarOf(value, 0, 0)}\n`;
}

/** One item of a list that stands in the first column. */
export const yamlItem = (value: unknown): string => items([value], 0);

type JsonMap = Readonly<Record<string, unknown>>;

const isMap = (value: unknown): value is JsonMap =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function isEmpty(map: JsonMap): boolean {
  for (const key in map) if (map[key] !== undefined) return false;
  return true;
}

const SPACES: string[] = [];
const pad = (column: number): string => (SPACES[column] ??= " ".repeat(column));

/** The entries of a map, each on lines of its own; the first without its indentation, which the caller has written. */
function entries(map: JsonMap, column: number): string {
  let text = "";
  for (const key of sortedKeys(map)) {
    const value = map[key];
    if (value === undefined) continue;
    if (text !== "") text += pad(column);
    const name = keyOf(key);
    text += name.length > LONGEST_KEY ? `? ${name}\n${pad(column)}:` : `${name}:`;
    if (isMap(value) && !isEmpty(value)) text += `\n${pad(column + 2)}${entries(value, column + 2)}`;
    else if (Array.isArray(value) && value.length > 0) text += `\n${pad(column)}${items(value, column)}`;
    else text += ` ${scalarOf(value, column + 2, column + name.length + 2)}\n`;
  }
  return text;
}

function items(list: readonly unknown[], column: number): string {
  let text = "";
  for (const value of list) {
    if (text !== "") text += pad(column);
    if (isMap(value) && !isEmpty(value)) text += `- ${entries(value, column + 2)}`;
    else if (Array.isArray(value) && value.length > 0) text += `- ${items(value, column + 2)}`;
    else text += `- ${scalarOf(value, column + 2, column + 2)}\n`;
  }
  return text;
}

/** Keys that are longer get lines of their own. */
const LONGEST_KEY = 128;

/** Most keys are the same few field names. */
const keys = new Memo<string>(2000, 1 << 17);

function keyOf(key: string): string {
  let text = keys.get(key);
  if (text === undefined) {
    text = textOf(key);
    keys.set(key, text);
  }
  return text;
}

const PLAIN_LETTERS = /^[A-Za-z]*$/;

function sortedKeys(map: JsonMap): readonly string[] {
  const found = Object.keys(map);
  if (found.length < 2) return found;
  // Of letters alone, the natural order is that of their codes.
  return found.every((key) => PLAIN_LETTERS.test(key)) ? found.sort() : found.sort(naturally);
}

const LETTER = /\p{L}/u;
const isLetter = (char: string) => (char < "\u0080" ? /[A-Za-z]/.test(char) : LETTER.test(char));
const isDigit = (char: string | undefined): char is string => char !== undefined && char >= "0" && char <= "9";

/** Numbers by their value, letters behind everything else (go-yaml's keyList). */
export function naturally(a: string, b: string): number {
  const [left, right] = [Array.from(a), Array.from(b)];
  let digits = false;
  for (let i = 0; i < left.length && i < right.length; i++) {
    const [one, other] = [left[i]!, right[i]!];
    if (one === other) {
      digits = isDigit(one);
      continue;
    }
    const [letter, otherLetter] = [isLetter(one), isLetter(other)];
    if (letter && otherLetter) return byCode(one, other);
    if (letter || otherLetter) return (digits ? letter : otherLetter) ? -1 : 1;
    return byNumber(left, right, i) || byCode(one, other);
  }
  return left.length - right.length;
}

const byCode = (a: string, b: string) => a.codePointAt(0)! - b.codePointAt(0)!;

/** Compares the numbers that begin at a place, or go on there: zeros at the front make neither larger nor smaller. */
function byNumber(left: readonly string[], right: readonly string[], from: number): number {
  let leading = 0;
  if (left[from] === "0" || right[from] === "0") {
    for (let i = from - 1; i >= 0 && isDigit(left[i]); i--) if (left[i] !== "0") leading = 1;
  }
  const [one, other] = [digitsFrom(left, from), digitsFrom(right, from)];
  return Number(`${leading}${one}`) - Number(`${leading}${other}`) || one.length - other.length;
}

function digitsFrom(chars: readonly string[], from: number): string {
  let text = "";
  for (let i = from; isDigit(chars[i]); i++) text += chars[i];
  return text;
}
