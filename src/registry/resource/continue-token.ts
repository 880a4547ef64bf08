/** Where a list in pages goes on; the form is upstream's (apiserver pkg/storage/continue.go), with a time. */
import { badRequest } from "#objects";

export interface ContinueToken {
  /** The revision of the first page; -1: whatever is newest. */
  readonly revision: number;
  /** The first key that may follow, without the prefix of what is listed. */
  readonly start: string;
  /** When the first page was made, in milliseconds; tokens for whatever is newest have none. */
  readonly began?: number;
}

const VERSION = "meta.k8s.io/v1";

export function encodeContinue({ revision, start, began }: ContinueToken): string {
  return toBase64Url(JSON.stringify({ v: VERSION, rv: revision, start, began }));
}

/** Throws 400 for a token that is none of ours. */
export function decodeContinue(token: string): ContinueToken {
  const refuse = (detail: string): never => {
    throw badRequest(`invalid continue token: ${detail}`);
  };
  const text = fromBase64Url(token);
  if (text === undefined)
    return refuse(`continue key is not valid: illegal base64 data at input byte ${base64Offset(token)}`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refuse("continue key is not valid: invalid character");
  }
  if (typeof value !== "object" || value === null) return refuse("continue key is not valid");
  const { v, rv = 0, start = "", began } = value as Record<string, unknown>;
  if (v !== VERSION) {
    return refuse(
      `continue key is not valid: server does not recognize this encoded version ${typeof v === "string" ? v : ""}`,
    );
  }
  if (typeof rv !== "number" || !Number.isSafeInteger(rv)) return refuse("continue key is not valid");
  if (rv === 0) {
    return refuse("continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)");
  }
  if (typeof start !== "string" || start === "") {
    return refuse("continue key is not valid: encoded start key empty (version meta.k8s.io/v1)");
  }
  // No way up and out of the prefix.
  const segments = (start.startsWith("/") ? start.slice(1) : start).split("/");
  if (segments.some((segment) => segment === "" || segment === "." || segment === "..")) {
    return refuse(`continue key is not valid: ${start}`);
  }
  const known = typeof began === "number" && Number.isSafeInteger(began);
  return { revision: rv, start: segments.join("/"), ...(known ? { began } : {}) };
}

function toBase64Url(text: string): string {
  let binary = "";
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

function fromBase64Url(token: string): string | undefined {
  if (!/^[A-Za-z0-9_-]*$/.test(token)) return undefined;
  try {
    const binary = atob(token.replaceAll("-", "+").replaceAll("_", "/"));
    return new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(binary, (char) => char.charCodeAt(0)));
  } catch {
    return undefined;
  }
}

/** Where Go's decoder gives up: at a character that is none of the alphabet, or at a last one that is alone. */
function base64Offset(token: string): number {
  const strange = token.search(/[^A-Za-z0-9_-]/);
  return strange >= 0 ? strange : token.length - (token.length % 4 === 1 ? 1 : 0);
}
