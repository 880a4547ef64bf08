import type { HttpResponse } from "#http";
import { StatusError, type Status } from "#objects";
import { encodeValue } from "../render/value.ts";
import { utf8 } from "../render/text.ts";
import { negotiate, plainOnly, type Form } from "./accept.ts";

const NO_STORE = "no-cache, private";

/** Text for people and probes. */
export function plainText(status: number, text: string): HttpResponse {
  return {
    status,
    headers: {
      "content-type": "text/plain; charset=utf-8",
      "cache-control": NO_STORE,
      "x-content-type-options": "nosniff",
    },
    body: { type: "bytes", bytes: utf8(text) },
  };
}

/** What upstream's outer router says to a path that nothing serves. */
export const pageNotFound = () => plainText(404, "404 page not found\n");

/** As upstream: who takes nothing that is served is shown it for people. */
const UNASKED: Form = { mediaType: "application/json", pretty: true };

/** A Status as an answer, in the form that the client takes, JSON if it takes none. */
export function statusResponse(error: StatusError, accept: string, pretty: boolean): HttpResponse {
  const form = negotiate(accept, plainOnly) ?? UNASKED;
  const status: Status = error.status;
  const retry = status.details?.retryAfterSeconds;
  return {
    status: error.code,
    headers: {
      "content-type": form.mediaType,
      "cache-control": NO_STORE,
      ...(retry ? { "retry-after": String(retry) } : {}),
    },
    body: { type: "bytes", bytes: encodeValue(status, pretty ? { ...form, pretty } : form) },
  };
}

/** A value as JSON, for documents that are no objects of the API. */
export function jsonResponse(value: unknown, status = 200): HttpResponse {
  return {
    status,
    headers: { "content-type": "application/json", "cache-control": NO_STORE },
    body: { type: "bytes", bytes: utf8(JSON.stringify(value, null, 2)) },
  };
}
