/** Reads the text form of label selectors (apimachinery labels.Parse). */
import { invalid } from "../field-error.ts";
import { qualifiedName } from "../validation/names.ts";
import { aggregate, requirementErrors, type Operator, type Requirement } from "./requirement.ts";

type Token = "end" | "error" | "identifier" | ")" | "," | "!" | "==" | "=" | ">" | "in" | "<" | "!=" | "notin" | "(";

interface Item {
  readonly token: Token;
  readonly text: string;
}

const SYMBOLS: ReadonlySet<string> = new Set([")", ",", "!", "==", "=", ">", "<", "!=", "("]);
const isSpecial = (char: string) => "=!(),><".includes(char);
const isBlank = (char: string) => char === " " || char === "\t" || char === "\r" || char === "\n";

function scan(text: string): Item[] {
  const items: Item[] = [];
  let at = 0;
  while (at < text.length) {
    const start = at;
    const first = text[at]!;
    if (isBlank(first)) {
      at++;
    } else if (isSpecial(first)) {
      // The longest symbol that the characters make.
      const two = text.slice(at, at + 2);
      const symbol = SYMBOLS.has(two) ? two : first;
      at += symbol.length;
      items.push({ token: symbol as Token, text: symbol });
    } else {
      while (at < text.length && !isSpecial(text[at]!) && !isBlank(text[at]!)) at++;
      const word = text.slice(start, at);
      items.push({ token: word === "in" || word === "notin" ? word : "identifier", text: word });
    }
  }
  items.push({ token: "end", text: "" });
  return items;
}

const BINARY: ReadonlyMap<Token, Operator> = new Map([
  ["in", "in"],
  ["=", "="],
  ["==", "=="],
  [">", "gt"],
  ["<", "lt"],
  ["notin", "notin"],
  ["!=", "!="],
]);

/** A selector that does not parse; the message is upstream's. */
export class SelectorSyntaxError extends Error {}

const fail = (message: string): never => {
  throw new SelectorSyntaxError(message);
};

/** Where a value is expected, `in` and `notin` are plain words. */
const asValue = (item: Item): Item =>
  item.token === "in" || item.token === "notin" ? { token: "identifier", text: item.text } : item;

/** The requirements in a selector's text, sorted by key. Throws {@link SelectorSyntaxError}. */
export function parseRequirements(text: string): Requirement[] {
  const requirements = new Parser(scan(text)).requirements();
  return requirements.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
}

/** Reads requirements off the items of a text; there is a method for each rule of the grammar. */
class Parser {
  readonly #items: readonly Item[];
  #position = 0;

  /** The last item is the end. */
  constructor(items: readonly Item[]) {
    this.#items = items;
  }

  requirements(): Requirement[] {
    const requirements: Requirement[] = [];
    for (;;) {
      const item = this.#peek();
      if (item.token === "end") return requirements;
      if (item.token !== "identifier" && item.token !== "!") {
        fail(`found '${item.text}', expected: !, identifier, or 'end of string'`);
      }
      requirements.push(this.#checkedRequirement());
      const separator = this.#take();
      if (separator.token === "end") return requirements;
      if (separator.token !== ",") fail(`found '${separator.text}', expected: ',' or 'end of string'`);
      const next = this.#peek();
      if (next.token !== "identifier" && next.token !== "!") {
        fail(`found '${next.text}', expected: identifier after ','`);
      }
    }
  }

  #checkedRequirement(): Requirement {
    try {
      const result = this.#requirement();
      const errors = requirementErrors(result);
      return errors.length > 0 ? fail(aggregate(errors)) : result;
    } catch (error) {
      if (error instanceof SelectorSyntaxError) fail(`unable to parse requirement: ${error.message}`);
      throw error;
    }
  }

  #requirement(): Requirement {
    let item = this.#take();
    const negated = item.token === "!";
    if (negated) item = this.#take();
    if (item.token !== "identifier") fail(`found '${item.text}', expected: identifier`);
    const key = item.text;
    const keyErrors = qualifiedName(key);
    // Upstream prints its absent path like this.
    if (keyErrors.length > 0) fail(aggregate([invalid("<nil>", key, keyErrors.join("; "))]));
    const next = this.#peek().token;
    if (negated || next === "end" || next === ",") return { key, operator: negated ? "!" : "exists", values: [] };
    const operator = this.#operator();
    const found = operator === "in" || operator === "notin" ? this.#values() : this.#exactValue();
    return { key, operator, values: [...found].toSorted() };
  }

  /** Here `in` and `notin` are operators. */
  #operator(): Operator {
    const symbol = this.#next();
    return BINARY.get(symbol.token) ?? fail(`found '${symbol.text}', expected: in, notin, =, ==, !=, gt, lt`);
  }

  #values(): Set<string> {
    const open = this.#take();
    if (open.token !== "(") fail(`found '${open.text}' expected: '('`);
    const first = this.#peek();
    if (first.token === ")") {
      this.#take();
      return new Set([""]);
    }
    if (first.token !== "identifier" && first.token !== ",") {
      fail(`found '${first.text}', expected: ',', ')' or identifier`);
    }
    const found = this.#identifiers();
    if (this.#take().token !== ")") fail(`found '${first.text}', expected: ')'`);
    return found;
  }

  #identifiers(): Set<string> {
    const found = new Set<string>();
    for (;;) {
      const item = this.#take();
      if (item.token === "identifier") {
        found.add(item.text);
        const next = this.#peek();
        if (next.token === ")") return found;
        if (next.token !== ",") fail(`found '${next.text}', expected: ',' or ')'`);
      } else if (item.token === ",") {
        if (found.size === 0) found.add("");
        const next = this.#peek();
        if (next.token === "," || next.token === ")") found.add("");
        if (next.token === ")") return found;
      } else fail(`found '${item.text}', expected: ',', or identifier`);
    }
  }

  #exactValue(): Set<string> {
    const next = this.#peek();
    if (next.token === "end" || next.token === ",") return new Set([""]);
    const item = this.#take();
    return item.token === "identifier" ? new Set([item.text]) : fail(`found '${item.text}', expected: identifier`);
  }

  /** The next item, where a value is expected. */
  #peek(): Item {
    return asValue(this.#items[this.#position]!);
  }

  #take(): Item {
    return asValue(this.#next());
  }

  #next(): Item {
    const { length } = this.#items;
    return this.#items[this.#position < length - 1 ? this.#position++ : this.#position]!;
  }
}
