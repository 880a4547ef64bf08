import { unsupportedMediaType } from "#objects";
import { routeError } from "../errors.ts";
import type { PatchBody } from "../operation.ts";
import { ACCEPTED } from "./accept.ts";

export const PROTOBUF = "application/vnd.kubernetes.protobuf";

export type ObjectMediaType = "application/json" | "application/yaml" | typeof PROTOBUF;

/** The media type of a body that is an object; JSON when the client does not say. Throws 415. */
export function objectMediaType(contentType: string | undefined, withProtobuf: boolean): ObjectMediaType {
  const type = isMalformed(contentType) ? "" : essence(contentType) || "application/json";
  if (type === "application/json" || type === "application/yaml") return type;
  if (type === PROTOBUF && withProtobuf) return type;
  throw unknownFormat(withProtobuf ? [...ACCEPTED, PROTOBUF] : ACCEPTED);
}

const PATCHES: Readonly<Record<string, PatchBody["type"]>> = {
  "application/json-patch+json": "json",
  "application/merge-patch+json": "merge",
  "application/strategic-merge-patch+json": "strategic",
  "application/apply-patch+yaml": "apply",
};

/** The type of a patch. Kinds without struct tags upstream (custom ones) know no strategic merge. Throws 415. */
export function patchType(contentType: string | undefined, strategic: boolean): PatchBody["type"] {
  const type = PATCHES[essence(contentType)];
  // Those of built-in kinds do not get past upstream's router.
  if (!type && strategic) throw routeError(415, "UnsupportedMediaType", "415: Unsupported Media Type");
  if (!type || (type === "strategic" && !strategic)) {
    throw unknownFormat(Object.keys(PATCHES).filter((name) => strategic || PATCHES[name] !== "strategic"));
  }
  return type;
}

/** Parameters that do not parse (Go's mime.ParseMediaType). */
const isMalformed = (contentType = "") =>
  contentType.includes(";") && !/^[^;]*(;\s*[^\s;="]+=("[^"]*"|[^\s;"]+)\s*)*;?\s*$/.test(contentType);

const essence = (contentType: string | undefined) => (contentType ?? "").split(";")[0]!.trim().toLowerCase();

const unknownFormat = (accepted: readonly string[]) =>
  unsupportedMediaType(
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(", ")}`,
  );
