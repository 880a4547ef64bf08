/** A string's UTF-8 bytes in base64, as fields of bytes have it in JSON. */
export function encodeBase64(text: string): string {
  let binary = "";
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte);
  return btoa(binary);
}

// A byte order mark is part of the text, as it is to upstream.
const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** The text whose UTF-8 bytes a base64 string holds. */
export function decodeBase64(encoded: string): string {
  return utf8.decode(Uint8Array.from(atob(encoded), (char) => char.charCodeAt(0)));
}

/** How many bytes a base64 string holds. */
export function base64Length(encoded: string): number {
  const padding = encoded.endsWith("==") ? 2 : encoded.endsWith("=") ? 1 : 0;
  return Math.max(0, Math.floor((encoded.length * 3) / 4) - padding);
}
