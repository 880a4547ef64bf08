/** A Status or a sentence; what is longer is cut. */
const LONGEST = 64 * 1024;

/** All that a stream says, as text. */
export async function textOf(input: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of input) {
    parts.push(part);
    length += part.length;
    if (length > LONGEST) break;
  }
  return Buffer.concat(parts).subarray(0, LONGEST).toString("utf8");
}
