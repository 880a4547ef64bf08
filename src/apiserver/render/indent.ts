const NEWLINE = 0x0a;
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_LIST = 0x5d;
const OPEN_MAP = 0x7b;
const CLOSE_MAP = 0x7d;

/** What is collected in. */
const BLOCK = 64 * 1024;
/** For a colon's space, and a bracket. */
const ROOM = 16;

/**
 * Indents JSON that has no spaces by two for each level, as `JSON.stringify(value, null, 2)` does. Works on the
 * bytes as they come: nothing has to be parsed for people to read it.
 */
export class Indenter {
  #out = new Uint8Array(BLOCK);
  #used = 0;
  #level: number;
  /** A bracket was opened, and nothing has come after it. */
  #opened = false;

  /** `level`: how deep what is written stands. */
  constructor(level = 0) {
    this.#level = level;
  }

  /** Adds bytes as they are. */
  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#out.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  /** Adds a part of JSON, which must not end within a string. */
  add(json: Uint8Array): void {
    const { length } = json;
    // Always room for all that is to come as it is: only what is put in between has to ask for more.
    this.#reserve(length + 2 * this.#level + ROOM);
    let out = this.#out;
    let used = this.#used;
    let level = this.#level;
    let opened = this.#opened;
    for (let at = 0; at < length; at++) {
      const byte = json[at]!;
      const closes = byte === CLOSE_MAP || byte === CLOSE_LIST;
      if (closes) level--;
      // A bracket that is closed at once stays on its line.
      if (opened !== closes) {
        const indent = 2 * level;
        if (used + indent + length - at + ROOM > out.length) {
          this.#used = used;
          this.#reserve(indent + length - at + ROOM);
          out = this.#out;
          used = this.#used;
        }
        out[used++] = NEWLINE;
        for (let i = 0; i < indent; i++) out[used++] = SPACE;
      }
      opened = false;
      out[used++] = byte;
      switch (byte) {
        case QUOTE:
          // Up to the quote that ends the text.
          for (at++; at < length; at++) {
            const inner = json[at]!;
            out[used++] = inner;
            if (inner === QUOTE) break;
            if (inner === BACKSLASH) out[used++] = json[++at]!;
          }
          break;
        case COLON:
          out[used++] = SPACE;
          break;
        case OPEN_MAP:
        case OPEN_LIST:
          level++;
          opened = true;
          break;
        case COMMA:
          // What follows begins a line, as after a bracket.
          opened = true;
          break;
      }
    }
    this.#used = used;
    this.#level = level;
    this.#opened = opened;
  }

  /** How many bytes have been collected. */
  get length(): number {
    return this.#used;
  }

  /** What has been collected. It is overwritten by what is added next, unless it is longer than a block. */
  take(): Uint8Array {
    const taken = this.#out.subarray(0, this.#used);
    if (taken.length >= BLOCK) this.#out = new Uint8Array(BLOCK);
    this.#used = 0;
    return taken;
  }

  #reserve(more: number): void {
    if (this.#used + more <= this.#out.length) return;
    const larger = new Uint8Array(Math.max(this.#out.length * 2, this.#used + more));
    larger.set(this.#out.subarray(0, this.#used));
    this.#out = larger;
  }
}
