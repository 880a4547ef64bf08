import type { TerminalSize } from "./contract.ts";

/** A size is some forty bytes; what is longer is none. */
const LONGEST = 1024;

/** Reads `{"Width":80,"Height":24}` one after the other, however they are cut into pieces. Ends at the first that is none. */
export async function* terminalSizes(input: AsyncIterable<Uint8Array>): AsyncGenerator<TerminalSize, void, undefined> {
  let text = "";
  for await (const bytes of input) {
    text += Buffer.from(bytes).toString("latin1");
    for (let end = text.indexOf("}"); end >= 0; end = text.indexOf("}")) {
      const size = sizeOf(text.slice(0, end + 1));
      if (!size) return;
      yield size;
      text = text.slice(end + 1);
    }
    if (text.length > LONGEST) return;
  }
}

function sizeOf(json: string): TerminalSize | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const fields = new Map(Object.entries(value).map(([name, field]) => [name.toLowerCase(), field as unknown]));
  const width = fields.get("width") ?? 0;
  const height = fields.get("height") ?? 0;
  return isSize(width) && isSize(height) ? { width, height } : undefined;
}

const isSize = (value: unknown): value is number =>
  Number.isInteger(value) && Number(value) >= 0 && Number(value) < 65_536;
