import type { ErrorCode } from "yaml";

/** What go-yaml complains of, by whether its scanner finds it or its parser, and how far below the place it says. */
interface Complaint {
  readonly text: string;
  readonly by: "scanner" | "parser";
  readonly below?: number;
}

const scanner = (text: string, below = 0): Complaint => ({ text, by: "scanner", below });
const parser = (text: string, below = 0): Complaint => ({ text, by: "parser", below });

/**
 * What go-yaml says about a text that is no YAML, as near as the other parser's finding allows. It counts lines
 * from one for what its scanner finds and from zero for what its parser finds, and names no first line.
 */
export function goYamlError(code: ErrorCode, message: string, text: string, offset: number): string {
  const misplaced = code === "BLOCK_AS_IMPLICIT_KEY" || code === "MULTILINE_IMPLICIT_KEY";
  const colon = misplaced ? text.slice(offset).search(/:(?:\s|$)/) : -1;
  const at = colon < 0 ? offset : offset + colon;
  const complaint = complaintOf(code, message, text.slice(offset, offset + 2));
  const line = text.slice(0, at).split("\n").length - 1 + (complaint.below ?? 0);
  const shown = complaint.by === "scanner" ? line + 1 : line;
  return `yaml: ${line > 0 ? `line ${shown}: ` : ""}${complaint.text}`;
}

const MISPLACED = scanner("mapping values are not allowed in this context");
const NO_TOKEN = scanner("found character that cannot start any token");

const BY_CODE: Partial<Record<ErrorCode, Complaint>> = {
  BLOCK_AS_IMPLICIT_KEY: MISPLACED,
  BLOCK_IN_FLOW: MISPLACED,
  MULTILINE_IMPLICIT_KEY: MISPLACED,
  BAD_SCALAR_START: NO_TOKEN,
  TAB_AS_INDENT: NO_TOKEN,
  BAD_DQ_ESCAPE: scanner("found unknown escape character"),
  KEY_OVER_1024_CHARS: scanner("could not find expected ':'", 1),
};

function complaintOf(code: ErrorCode, message: string, found: string): Complaint {
  if (code === "MISSING_CHAR" || (code === "BAD_INDENT" && message.includes("Flow"))) return missing(message);
  if (code === "BAD_INDENT" || (code === "MULTILINE_IMPLICIT_KEY" && found.startsWith("-"))) {
    return parser("did not find expected key");
  }
  const known = BY_CODE[code];
  if (known) return known;
  if (message.includes("block-seq-ind")) return scanner("block sequence entries are not allowed in this context");
  if (message.includes("Block scalar header")) return scanner("did not find expected comment or line break");
  if (message.includes("at node end")) return parser("did not find expected '-' indicator");
  if (message.includes("Verbatim tags")) return scanner("did not find expected tag URI");
  return parser("did not find expected node content");
}

function missing(message: string): Complaint {
  if (message.includes("quote")) return scanner("found unexpected end of stream");
  if (message.includes("}")) return parser("did not find expected ',' or '}'", 1);
  if (message.includes("]")) return parser("did not find expected ',' or ']'", 1);
  if (message.includes("Sequence item")) return parser("did not find expected '-' indicator");
  if (message.includes("map keys")) return scanner("could not find expected ':'", 1);
  return parser("did not find expected <document start>");
}
