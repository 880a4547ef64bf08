/** What one pass over the bytes of a JSON text tells about it, before it is parsed. It says nothing about validity. */
export interface JsonScan {
  /** How many keys there are: one colon each. More than the parsed value has means duplicates. */
  readonly keys: number;
  readonly depth: number;
  /**
   * Something that JSON.parse does not tell apart: `3.0` and `3`, numbers beyond 15 digits, escaped surrogates.
   * The exact decoder has to look.
   */
  readonly subtle: boolean;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

const isDigit = (byte: number | undefined) => byte !== undefined && byte >= 0x30 && byte <= 0x39;

export function scanJson(bytes: Uint8Array): JsonScan {
  let keys = 0;
  let depth = 0;
  let deepest = 0;
  let digits = 0;
  let subtle = false;
  const { length } = bytes;
  for (let at = 0; at < length; at++) {
    const byte = bytes[at]!;
    if (byte >= 0x30 && byte <= 0x39) {
      if (++digits > 15) subtle = true;
      continue;
    }
    digits = 0;
    switch (byte) {
      case QUOTE:
        for (at++; at < length && bytes[at] !== QUOTE; at++) {
          if (bytes[at] !== BACKSLASH) continue;
          at++;
          // \ud800 to \udfff
          if (bytes[at] === 0x75 && (bytes[at + 1]! | 0x20) === 0x64) subtle = true;
        }
        break;
      case 0x3a: // :
        keys++;
        break;
      case 0x7b: // {
      case 0x5b: // [
        if (++depth > deepest) deepest = depth;
        break;
      case 0x7d:
      case 0x5d:
        depth--;
        break;
      case 0x2e: // .
        subtle = true;
        break;
      case 0x65: // e, which is also in true and false
      case 0x45:
        if (isDigit(bytes[at - 1])) subtle = true;
        break;
      default:
    }
  }
  return { keys, depth: deepest, subtle };
}
