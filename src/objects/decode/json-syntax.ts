/**
 * What Go's JSON scanner says about a text that is no JSON (encoding/json scanner.go): which character it stopped
 * at and what it was looking for. Only asked after JSON.parse refused, or when nesting is too deep.
 */
export function jsonSyntaxError(bytes: Uint8Array, maxDepth: number): string {
  const scanner = new Scanner(bytes, maxDepth);
  try {
    scanner.document();
  } catch (error) {
    if (error instanceof Stop) return error.message;
    throw error;
  }
  return "unexpected end of JSON input";
}

class Stop extends Error {}

const HEX = /[0-9a-fA-F]/;
const ESCAPES = 'bfnrt\\/"';

class Scanner {
  readonly #bytes: Uint8Array;
  readonly #maxDepth: number;
  #at = 0;

  constructor(bytes: Uint8Array, maxDepth: number) {
    this.#bytes = bytes;
    this.#maxDepth = maxDepth;
  }

  document(): void {
    // A stack instead of recursion: the text may be nested a million times.
    const open: ("{" | "[")[] = [];
    let state: "value" | "value or ]" | "key" | "key or }" | "after" = "value";
    for (;;) {
      this.#space();
      const inside = open.at(-1);
      if (state === "after" && !inside) {
        if (this.#at < this.#bytes.length) this.#fail("after top-level value");
        return;
      }
      this.#expectMore();
      if (state === "after") {
        const char = this.#next();
        if (char === ",") state = inside === "{" ? "key" : "value";
        else if (char === (inside === "{" ? "}" : "]")) open.pop();
        else this.#failBefore(inside === "{" ? "after object key:value pair" : "after array element");
        continue;
      }
      if (state === "key" || state === "key or }") {
        const char = this.#next();
        if (char === "}" && state === "key or }") {
          open.pop();
          state = "after";
          continue;
        }
        if (char !== '"') this.#failBefore("looking for beginning of object key string");
        this.#string();
        this.#space();
        this.#expectMore();
        if (this.#next() !== ":") this.#failBefore("after object key");
        state = "value";
        continue;
      }
      const char = this.#next();
      if (char === "]" && state === "value or ]") {
        open.pop();
        state = "after";
      } else if (char === "{" || char === "[") {
        if (open.length >= this.#maxDepth) this.#failBefore("exceeded max depth");
        open.push(char);
        state = char === "{" ? "key or }" : "value or ]";
      } else {
        this.#scalar(char);
        state = "after";
      }
    }
  }

  #scalar(char: string): void {
    if (char === '"') this.#string();
    else if (char === "-" || /[0-9]/.test(char)) this.#number(char);
    else if (char === "t") this.#literal("true");
    else if (char === "f") this.#literal("false");
    else if (char === "n") this.#literal("null");
    else this.#failBefore("looking for beginning of value");
  }

  #literal(word: string): void {
    for (const expected of word.slice(1)) {
      if (this.#next() !== expected) this.#failBefore(`in literal ${word} (expecting '${expected}')`);
    }
  }

  #string(): void {
    for (;;) {
      const char = this.#next();
      if (char === '"') return;
      if (char === "\\") {
        const escape = this.#next();
        if (escape === "u") {
          for (let count = 0; count < 4; count++) {
            if (!HEX.test(this.#next())) this.#failBefore("in \\u hexadecimal character escape");
          }
        } else if (!ESCAPES.includes(escape)) this.#failBefore("in string escape code");
      } else if (char < " ") this.#failBefore("in string literal");
    }
  }

  #number(first: string): void {
    let char = first;
    if (char === "-") {
      char = this.#next();
      if (!/[0-9]/.test(char)) this.#failBefore("in numeric literal");
    }
    if (char !== "0") this.#digits();
    if (this.#peek() === ".") {
      this.#at++;
      if (!/[0-9]/.test(this.#next())) this.#failBefore("after decimal point in numeric literal");
      this.#digits();
    }
    if (/[eE]/.test(this.#peek())) {
      this.#at++;
      if (/[+-]/.test(this.#peek())) this.#at++;
      if (!/[0-9]/.test(this.#next())) this.#failBefore("in exponent of numeric literal");
      this.#digits();
    }
  }

  #digits(): void {
    while (/[0-9]/.test(this.#peek())) this.#at++;
  }

  #space(): void {
    while (/[ \t\r\n]/.test(this.#peek())) this.#at++;
  }

  #peek(): string {
    return this.#at < this.#bytes.length ? String.fromCharCode(this.#bytes[this.#at]!) : "";
  }

  /** The text ends with a space that is not there: in the middle of a literal that is what is wrong. */
  #next(): string {
    if (this.#at > this.#bytes.length) throw new Stop("unexpected end of JSON input");
    return String.fromCharCode(this.#bytes[this.#at++] ?? 0x20);
  }

  #expectMore(): void {
    if (this.#at >= this.#bytes.length) throw new Stop("unexpected end of JSON input");
  }

  #failBefore(context: string): never {
    this.#at--;
    this.#fail(context);
  }

  #fail(context: string): never {
    throw new Stop(`invalid character ${quoteChar(this.#bytes[this.#at] ?? 0x20)} ${context}`);
  }
}

/** A byte as Go quotes the character of that number. */
function quoteChar(byte: number): string {
  const char = String.fromCharCode(byte);
  if (char === "'") return "'\\''";
  if (char === '"') return "'\"'";
  const quoted = goQuote(char);
  return `'${quoted.slice(1, -1)}'`;
}

const NAMED: Readonly<Record<string, string>> = {
  "\x07": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  "\\": "\\\\",
  '"': '\\"',
};

const hex = (value: number, digits: number) => value.toString(16).padStart(digits, "0");

/** A string as Go's strconv.Quote writes it. */
export function goQuote(text: string): string {
  let result = '"';
  for (const char of text) {
    const code = char.codePointAt(0)!;
    if (NAMED[char]) result += NAMED[char];
    else if (code < 0x20 || code === 0x7f) result += `\\x${hex(code, 2)}`;
    else if (code < 0x7f || /[\p{L}\p{M}\p{N}\p{P}\p{S}]/u.test(char)) result += char;
    else result += code < 0x10000 ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`;
  }
  return `${result}"`;
}
