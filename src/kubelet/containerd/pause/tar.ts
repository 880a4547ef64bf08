export interface TarEntry {
  /** Without a slash in front; at most 100 bytes. A folder's ends with one. */
  readonly name: string;
  readonly mode: number;
  readonly content?: Uint8Array;
  /** Makes it a symbolic link. */
  readonly linkTo?: string;
}

const BLOCK = 512;
const encoder = new TextEncoder();

/** A tar archive (POSIX ustar) that belongs to root, of no time: the same entries are the same bytes. */
export function tarArchive(entries: readonly TarEntry[]): Uint8Array {
  const parts = entries.flatMap((entry) => [headerOf(entry), padded(entry.content ?? new Uint8Array(0))]);
  return concat([...parts, new Uint8Array(2 * BLOCK)]);
}

function headerOf({ name, mode, content, linkTo }: TarEntry): Uint8Array {
  const header = new Uint8Array(BLOCK);
  const write = (at: number, room: number, text: string) => {
    const bytes = encoder.encode(text);
    if (bytes.length > room) throw new Error(`too long for a tar archive: ${text}`);
    header.set(bytes, at);
  };
  const octal = (at: number, digits: number, value: number) =>
    write(at, digits, value.toString(8).padStart(digits, "0"));
  write(0, 100, name);
  octal(100, 7, mode);
  octal(108, 7, 0);
  octal(116, 7, 0);
  octal(124, 11, content?.length ?? 0);
  octal(136, 11, 0);
  write(156, 1, kindOf(name, linkTo));
  write(157, 100, linkTo ?? "");
  write(257, 8, "ustar\u000000");
  // Its checksum counts as spaces while it is made.
  write(148, 8, "        ");
  const sum = header.reduce((total, byte) => total + byte, 0);
  write(148, 8, `${sum.toString(8).padStart(6, "0")}\u0000 `);
  return header;
}

function kindOf(name: string, linkTo: string | undefined): string {
  if (linkTo !== undefined) return "2";
  return name.endsWith("/") ? "5" : "0";
}

function padded(content: Uint8Array): Uint8Array {
  const block = new Uint8Array(Math.ceil(content.length / BLOCK) * BLOCK);
  block.set(content);
  return block;
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
