const MAX = 30;

/** The beginning of a body for an error message, in hexadecimal when it is no JSON object. */
export function summary(bytes: Uint8Array): string {
  if (bytes.length === 0) return "<empty>";
  const head = bytes.subarray(0, MAX);
  const text =
    bytes[0] === 0x7b
      ? new TextDecoder().decode(head)
      : [...head].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return bytes.length > MAX ? `${text} ...` : text;
}
