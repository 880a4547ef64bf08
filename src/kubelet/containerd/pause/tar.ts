/** What an archive holds. Nothing in it depends on when or by whom it was made: equal entries, equal bytes. */
export type TarEntry =
  | { readonly type: "directory"; readonly path: string; readonly mode?: number }
  | { readonly type: "file"; readonly path: string; readonly mode?: number; readonly content: Uint8Array | string }
  | { readonly type: "symlink"; readonly path: string; readonly target: string };

const BLOCK = 512;
const TYPE_FLAGS = { directory: "5", file: "0", symlink: "2" } as const;

/** A ustar archive. Paths are relative, without `./`; those of more than 255 bytes do not fit and throw. */
export function tarArchive(entries: Iterable<TarEntry>): Buffer {
  const blocks: Uint8Array[] = [];
  for (const entry of entries) {
    const content = entry.type === "file" ? Buffer.from(entry.content) : Buffer.alloc(0);
    blocks.push(header(entry, content.length), content, Buffer.alloc(padding(content.length)));
  }
  blocks.push(Buffer.alloc(2 * BLOCK));
  return Buffer.concat(blocks);
}

const padding = (length: number) => (BLOCK - (length % BLOCK)) % BLOCK;

function header(entry: TarEntry, size: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  const [name, prefix] = splitPath(entry.type === "directory" ? `${entry.path}/` : entry.path);
  const octal = (value: number, at: number, length: number) =>
    block.write(value.toString(8).padStart(length - 1, "0"), at, "ascii");
  block.write(name, 0, "utf8");
  octal(modeOf(entry), 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(0, 136, 12);
  block.write(TYPE_FLAGS[entry.type], 156, "ascii");
  if (entry.type === "symlink") block.write(entry.target, 157, "utf8");
  block.write("ustar\x0000", 257, "ascii");
  block.write(prefix, 345, "utf8");
  // The sum is taken with its own field full of spaces.
  block.fill(" ", 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "ascii");
  return block;
}

function modeOf(entry: TarEntry): number {
  if (entry.type === "symlink") return 0o777;
  return entry.mode ?? (entry.type === "directory" ? 0o755 : 0o644);
}

/** Names of up to 100 bytes fit as they are; longer ones are cut at a slash. */
function splitPath(path: string): [name: string, prefix: string] {
  if (Buffer.byteLength(path) <= 100) return [path, ""];
  for (let slash = path.indexOf("/"); slash > 0; slash = path.indexOf("/", slash + 1)) {
    const [prefix, name] = [path.slice(0, slash), path.slice(slash + 1)];
    if (name !== "" && Buffer.byteLength(name) <= 100 && Buffer.byteLength(prefix) <= 155) return [name, prefix];
  }
  throw new Error(`too long for a tar archive: ${path}`);
}
