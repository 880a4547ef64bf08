import type { Json } from "./schemas.ts";
import type { Steps } from "./steps.ts";

/** A document as JSON, in UTF-8: what `JSON.stringify` makes of it, an entry of its large maps at a time. */
export function* jsonSteps(document: Json): Steps<Uint8Array> {
  const encoder = new TextEncoder();
  const pieces: Uint8Array[] = [];
  let size = 0;
  const add = (text: string) => {
    const piece = encoder.encode(text);
    pieces.push(piece);
    size += piece.length;
  };
  let separator = "{";
  for (const [key, value] of Object.entries(document)) {
    add(`${separator}${JSON.stringify(key)}:`);
    separator = ",";
    if (key !== "paths" && key !== "definitions") {
      add(JSON.stringify(value));
      continue;
    }
    let open = "{";
    for (const [name, entry] of Object.entries(value as Json)) {
      add(`${open}${JSON.stringify(name)}:${JSON.stringify(entry)}`);
      open = ",";
      yield;
    }
    add(open === "{" ? "{}" : "}");
  }
  add("}");
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
