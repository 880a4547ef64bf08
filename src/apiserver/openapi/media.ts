/** How a document of v2 is written. */
export type DocumentForm = "json" | "protobuf";

/** The media types that are answered. Old clients ask for protobuf by a name that is none: it has an `@` in it. */
export const MEDIA_TYPE: Readonly<Record<DocumentForm, string>> = {
  json: "application/json",
  protobuf: "application/com.github.proto-openapi.spec.v2.v1.0+protobuf",
};

const OFFERED: readonly (readonly [subtype: string, DocumentForm])[] = [
  ["json", "json"],
  ["com.github.proto-openapi.spec.v2@v1.0+protobuf", "protobuf"],
  ["com.github.proto-openapi.spec.v2.v1.0+protobuf", "protobuf"],
];

/** The form that an Accept header wants most: by weight, then the more exact range. Undefined when it takes none. */
export function documentForm(accept: string): DocumentForm | undefined {
  for (const [type, subtype] of mediaRanges(accept.trim() || "*/*")) {
    if (type !== "application" && type !== "*") continue;
    const offered = OFFERED.find(([name]) => name === subtype || subtype === "*");
    if (offered) return offered[1];
  }
  return undefined;
}

function mediaRanges(accept: string): (readonly [type: string, subtype: string])[] {
  const ranges = accept.split(",").flatMap((text) => {
    const [range = "", ...parameters] = text.split(";").map((part) => part.trim());
    const [type = "", subtype = type === "*" ? "*" : ""] = range.split("/");
    const weight = Number(parameters.find((parameter) => parameter.startsWith("q="))?.slice(2) ?? 1);
    const wildcards = Number(type === "*") + Number(subtype === "*");
    return subtype ? [{ type, subtype, weight: Number.isNaN(weight) ? 1 : weight, wildcards }] : [];
  });
  ranges.sort((a, b) => b.weight - a.weight || a.wildcards - b.wildcards);
  return ranges.map(({ type, subtype }) => [type, subtype]);
}
