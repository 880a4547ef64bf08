/** Limits of upstream's warning recorder, in characters. */
const TOTAL = 4096;
const EACH = 256;

/** Collects warnings of one request, each once. */
export interface Warnings {
  readonly add: (text: string) => void;
  /** Values of Warning headers: `299 - "text"`; shortened when they would be too long together. */
  headers(): readonly string[];
}

/** Makes an empty collection. */
export function createWarnings(): Warnings {
  let texts: Set<string> | undefined;
  return {
    add(text) {
      if (text) (texts ??= new Set()).add(text);
    },
    headers() {
      if (!texts) return [];
      let all = [...texts].map(clean);
      if (all.reduce((sum, text) => sum + text.length, 0) > TOTAL) {
        let room = TOTAL;
        all = all
          .map((text) => text.slice(0, EACH))
          .filter((text) => {
            room -= text.length;
            return room >= 0;
          });
      }
      return all.map((text) => `299 - "${text.replace(/[\\"]/g, "\\$&")}"`);
    },
  };
}

const encoder = new TextEncoder();

/** A header holds no control characters and, in Node's hands, one character for each byte of UTF-8. */
function clean(text: string): string {
  let result = "";
  for (const byte of encoder.encode(text)) result += byte < 0x20 || byte === 0x7f ? " " : String.fromCharCode(byte);
  return result;
}
