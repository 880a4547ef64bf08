/** The files of a volume, by their paths in it. */
export type Payload = ReadonlyMap<string, PayloadFile>;

export interface PayloadFile {
  readonly data: Uint8Array;
  /** Permission bits. */
  readonly mode: number;
  /** The user that it belongs to; absent: root. */
  readonly owner?: number;
}

/** The permissions of files that say nothing else (the API's default). */
export const DEFAULT_MODE = 0o644;

const MAX_PATH = 4096;
const MAX_NAME = 255;

/** The same with its paths cleaned. Throws an Error with upstream's text when one would leave the volume. */
export function checkPayload(payload: Payload): Payload {
  return new Map([...payload].map(([path, file]) => [cleanPath(path), file]));
}

function cleanPath(path: string): string {
  if (path === "") throw new Error('invalid path: must not be empty: ""');
  if (path.startsWith("/")) throw new Error(`invalid path: must be relative path: ${path}`);
  if (Buffer.byteLength(path) > MAX_PATH) {
    throw new Error(`invalid path: must be less than or equal to ${MAX_PATH} characters`);
  }
  const items = path.split("/");
  if (items.includes("..")) throw new Error(`invalid path: must not contain '..': ${path}`);
  if (items.some((item) => Buffer.byteLength(item) > MAX_NAME)) {
    throw new Error(`invalid path: filenames must be less than or equal to ${MAX_NAME} characters`);
  }
  if (items[0]!.startsWith("..")) throw new Error(`invalid path: must not start with '..': ${path}`);
  const clean = items.filter((item) => item !== "" && item !== ".");
  if (clean.length === 0 || clean[0]!.startsWith("..") || path.includes("\0")) {
    throw new Error(`invalid path: ${JSON.stringify(path)}`);
  }
  return clean.join("/");
}

/** Several errors in one, as upstream's aggregates are worded; undefined when there are none. */
export function aggregate(errors: readonly Error[]): Error | undefined {
  const texts = [...new Set(errors.map(({ message }) => message))];
  if (texts.length === 0) return undefined;
  return new Error(texts.length === 1 ? texts[0] : `[${texts.join(", ")}]`);
}
