import { Memo, notAcceptable } from "#objects";
import { routeError } from "../errors.ts";

/** The form that an answer takes. */
export interface Form {
  readonly mediaType: "application/json" | "application/yaml";
  readonly pretty: boolean;
  /** A transformation that was asked for: `as=Table;v=v1;g=meta.k8s.io`. */
  readonly as?: Transformation;
}

export interface Transformation {
  readonly kind: string;
  readonly group: string;
  readonly version: string;
}

/** Which transformations a place allows; undefined asks about the plain form. */
export type Allows = (as: Transformation | undefined) => boolean;

interface Clause {
  readonly type: string;
  readonly subtype: string;
  readonly q: number;
  readonly parameters: ReadonlyMap<string, string>;
}

const OFFERED = ["json", "yaml"] as const;
export const ACCEPTED = ["application/json", "application/yaml"] as const;
/** What a watch is sent as: YAML is for whole documents. */
const STREAM = "application/json;stream=watch";

export const plainOnly: Allows = (as) => as === undefined;

/** What objects and lists can be turned into. */
export const objectTransformations: Allows = (as) =>
  as === undefined ||
  (as.group === "meta.k8s.io" &&
    (as.version === "v1" || as.version === "v1beta1") &&
    (as.kind === "Table" || as.kind === "PartialObjectMetadata" || as.kind === "PartialObjectMetadataList"));

/** What can be done with kinds of which nothing is stored, reviews and bindings: they have no columns. */
export const withoutTables: Allows = (wanted) => wanted?.kind !== "Table" && objectTransformations(wanted);

/** Parsed headers, null for those that nothing fits: clients send few different ones. */
const cache = new Map<Allows, Memo<Form | null>>();
const MAX_CACHED = 500;
const MAX_CACHED_LENGTH = 1 << 17;

/**
 * Chooses the form by an Accept header, the first clause that can be served by weight and order. A clause that
 * names a transformation or a type that is not served is passed over. Undefined when nothing fits.
 */
export function negotiate(accept: string, allows: Allows): Form | undefined {
  let known = cache.get(allows);
  if (!known) cache.set(allows, (known = new Memo(MAX_CACHED, MAX_CACHED_LENGTH)));
  let form = known.get(accept);
  if (form === undefined) {
    form = choose(accept, allows) ?? null;
    known.set(accept, form);
  }
  return form ?? undefined;
}

/** The 406 of upstream's negotiation: the type is served, but not in this way. */
export const notAcceptableForm = (accepted: readonly string[] = ACCEPTED) =>
  notAcceptable(`only the following media types are accepted: ${accepted.join(", ")}`);

export const notAcceptableStream = () => notAcceptableForm([STREAM]);

/** What a route for objects is sent as, and one for lists and watches. */
export const producedBy = (lists: boolean): readonly string[] => (lists ? [...ACCEPTED, STREAM] : ACCEPTED);

/**
 * Whether a route sends anything that the header names, by the words alone: what upstream's router (go-restful)
 * looks at before negotiation.
 */
export function routeAccepts(accept: string | undefined, produced: readonly string[]): boolean {
  if (!accept) return true;
  return accept.split(",").some((clause) => {
    const type = clause.split(";", 1)[0]!.trim();
    return type === "*/*" || produced.includes(type);
  });
}

/** The 406 of upstream's router. */
export const routeNotAcceptable = (produced: readonly string[]) =>
  routeError(406, "NotAcceptable", `406: Not Acceptable\n\nAvailable representations: ${produced.join(", ")}`);

function choose(accept: string, allows: Allows): Form | undefined {
  if (!accept) return { mediaType: "application/json", pretty: false };
  for (const clause of parseAccept(accept)) {
    for (const offered of OFFERED) {
      const fits =
        (clause.type === "application" && (clause.subtype === offered || clause.subtype === "*")) ||
        (clause.type === "*" && clause.subtype === "*");
      if (!fits) continue;
      const { parameters } = clause;
      const stream = parameters.get("stream");
      if (stream && (stream !== "watch" || offered !== "json")) continue;
      const named = parameters.has("as") || parameters.has("g") || parameters.has("v");
      const as = {
        kind: parameters.get("as") ?? "",
        group: parameters.get("g") ?? "",
        version: parameters.get("v") ?? "",
      };
      if (!allows(named ? as : undefined)) continue;
      return {
        mediaType: `application/${offered}`,
        pretty: parameters.get("pretty") === "1",
        ...(named ? { as } : {}),
      };
    }
  }
  return undefined;
}

/** The clauses of an Accept header, most wanted first. */
function parseAccept(accept: string): Clause[] {
  const clauses: Clause[] = [];
  for (const text of accept.split(",")) {
    const [media = "", ...rest] = text.split(";");
    const [type = "", subtype] = media.trim().split("/");
    if (!type) continue;
    let q = 1;
    const parameters = new Map<string, string>();
    for (const parameter of rest) {
      const equals = parameter.indexOf("=");
      if (equals < 0) continue;
      const key = parameter.slice(0, equals).trim();
      const value = parameter.slice(equals + 1).trim();
      if (key === "q") {
        const weight = Number(value);
        q = Number.isFinite(weight) ? weight : 1;
      } else parameters.set(key, value);
    }
    clauses.push({ type, subtype: subtype?.trim() ?? (type === "*" ? "*" : ""), q, parameters });
  }
  return clauses.sort((a, b) => b.q - a.q || wildcards(a) - wildcards(b));
}

const wildcards = ({ type, subtype }: Clause) => Number(type === "*") + Number(subtype === "*");
