import { Composer, Parser, type CST, type Document, type ErrorCode } from "yaml";
import { goYamlError } from "./yaml-errors.ts";
import { YamlFailure } from "./yaml-resolve.ts";
import { YamlWriter, type YamlJson } from "./yaml-writer.ts";

export { YamlFailure };

/**
 * YAML as sigs.k8s.io/yaml reads it: YAML 1.1, keys of any scalar, the keys of the JSON sorted. Loaded only when
 * a client sends YAML, for the parser takes tens of milliseconds to load.
 *
 * @throws YamlFailure with go-yaml's text, as far as it can be told
 */
export function yamlToJson(bytes: Uint8Array, maxDepth: number): YamlJson {
  const text = readText(bytes);
  const tokens: CST.Token[] = [];
  let documents = 0;
  for (const token of new Parser().parse(text)) {
    // Only then is it safe to compose it, which is recursive.
    if (depthOf(token, maxDepth) > maxDepth) throw new YamlFailure(`yaml: exceeded max depth of ${maxDepth}`);
    if (token.type === "directive") checkDirective(token.source);
    // As upstream: the first document counts, whatever follows is not looked at.
    if (token.type === "document" && documents++ > 0) break;
    tokens.push(token);
  }
  return new YamlWriter(text).write(compose(tokens, text)?.contents ?? null);
}

const unprintable =
  // eslint-disable-next-line no-control-regex
  /[^\t\n\r\u0020-\u007e\u0085\u00a0-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]/u;

function readText(bytes: Uint8Array): string {
  let text: string;
  try {
    // Takes a byte order mark away, as go-yaml does.
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new YamlFailure("yaml: invalid leading UTF-8 octet");
  }
  if (unprintable.test(text)) throw new YamlFailure("yaml: control characters are not allowed");
  return text;
}

function checkDirective(source: string): void {
  if (source.startsWith("%TAG ") || /^%YAML\s+1\.1\s*$/.test(source)) return;
  throw new YamlFailure(
    source.startsWith("%YAML ") ? "yaml: found incompatible YAML document" : "yaml: found unknown directive name",
  );
}

/** How deeply collections are nested, without recursion; gives up above the limit. */
function depthOf(top: CST.Token, limit: number): number {
  let deepest = 0;
  const open: [token: CST.Token, depth: number][] = [[top, 0]];
  for (let next = open.pop(); next; next = open.pop()) {
    const [token, depth] = next;
    if (depth > deepest) deepest = depth;
    if (deepest > limit) break;
    if (token.type === "document") {
      if (token.value) open.push([token.value, depth]);
    } else if ("items" in token) {
      for (const item of token.items) {
        if ("key" in item && item.key) open.push([item.key, depth + 1]);
        if (item.value) open.push([item.value, depth + 1]);
      }
    }
  }
  return deepest;
}

class Unreadable extends Error {
  readonly code: ErrorCode;
  readonly offset: number;

  constructor(code: ErrorCode, message: string, offset: number) {
    super(message);
    this.code = code;
    this.offset = offset;
  }
}

type OnError = (
  source: number | readonly [number, ...number[]] | { readonly offset: number },
  code: ErrorCode,
  message: string,
  warning?: boolean,
) => void;

function compose(tokens: readonly CST.Token[], text: string): Document | undefined {
  const composer = new Composer({
    version: "1.1",
    schema: "failsafe",
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: "silent",
  });
  let first: Unreadable | undefined;
  // The composer goes on after an error and keeps all of them: a small hostile text would cost seconds. It also
  // catches what is thrown and reports it again as an error of its own.
  const onError: OnError = (source, code, message, warning) => {
    if (warning) return;
    const offset = typeof source === "number" ? source : "offset" in source ? source.offset : source[0];
    first ??= new Unreadable(code, message, offset);
    throw first;
  };
  Object.assign(composer, { onError });
  try {
    for (const document of composer.compose(tokens, false, text.length)) {
      const [error] = document.errors;
      if (error) throw new Unreadable(error.code, error.message, error.pos[0]);
      return document;
    }
    return undefined;
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    throw new YamlFailure(goYamlError(error.code, error.message, text, error.offset));
  }
}
