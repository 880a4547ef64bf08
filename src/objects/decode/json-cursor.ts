export interface Token {
  /** As Go's errors name it. */
  readonly type: "object" | "array" | "string" | "number" | "bool" | "null";
}

const TOKENS: Readonly<Record<string, Token>> = {
  "{": { type: "object" },
  "[": { type: "array" },
  '"': { type: "string" },
  t: { type: "bool" },
  f: { type: "bool" },
  n: { type: "null" },
};
const NUMBER: Token = { type: "number" };

const SPACES = " \t\r\n";
const ENDS = ` \t\r\n,:]}`;

/** Walks a text that is known to be valid JSON. */
export class JsonCursor {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    this.#space();
  }

  /** What the next value is, without taking it. */
  peek(): Token {
    return TOKENS[this.#text.charAt(this.#at)] ?? NUMBER;
  }

  /** Takes the next value whole and returns its text. */
  skip(): string {
    const start = this.#at;
    let depth = 0;
    do {
      const char = this.#text.charAt(this.#at);
      if (char === "{" || char === "[") {
        depth++;
        this.#at++;
      } else if (char === "}" || char === "]") {
        depth--;
        this.#at++;
      } else if (char === "," || char === ":") this.#at++;
      else this.#literal();
      if (depth > 0) this.#space();
    } while (depth > 0);
    const end = this.#at;
    this.#space();
    return this.#text.slice(start, end);
  }

  /** The keys of the object that is next; the caller takes each key's value before it asks for the next one. */
  *members(): Generator<string, void> {
    for (const _ of this.#between("}")) {
      const source = this.#literal();
      this.#space();
      this.#step();
      yield (JSON.parse(source) as string).toWellFormed();
    }
  }

  /** The indexes of the array that is next; the caller takes each element before it asks for the next one. */
  *elements(): Generator<number, void> {
    let index = 0;
    for (const _ of this.#between("]")) yield index++;
  }

  *#between(end: "}" | "]"): Generator<void, void> {
    this.#step();
    while (this.#text.charAt(this.#at) !== end) {
      if (this.#text.charAt(this.#at) === ",") this.#step();
      yield;
    }
    this.#step();
  }

  #literal(): string {
    const start = this.#at;
    this.#at = this.#text.charAt(start) === '"' ? this.#stringEnd(start) : this.#wordEnd(start);
    return this.#text.slice(start, this.#at);
  }

  #stringEnd(start: number): number {
    for (let at = start + 1; ; at += 2) {
      const quote = this.#text.indexOf('"', at);
      if (quote < 0) throw new Error(`no JSON at ${start}`);
      const escape = this.#text.slice(at, quote).indexOf("\\");
      if (escape < 0) return quote + 1;
      at += escape;
    }
  }

  #wordEnd(start: number): number {
    let at = start;
    while (at < this.#text.length && !ENDS.includes(this.#text.charAt(at))) at++;
    if (at === start) throw new Error(`no JSON at ${start}`);
    return at;
  }

  #step(): void {
    this.#at++;
    this.#space();
  }

  #space(): void {
    while (this.#at < this.#text.length && SPACES.includes(this.#text.charAt(this.#at))) this.#at++;
  }
}
