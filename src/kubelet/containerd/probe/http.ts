import { messageOf } from "#base";
import type { ProbeOutcome } from "#kubelet";
import { hasTimedOut } from "./deadline.ts";
import { exchange, type HttpAnswer } from "./http-exchange.ts";
import type { ProbeHeaders } from "./http-headers.ts";
import { redirected, type HttpTarget } from "./http-target.ts";

/** Of a body no more is read (upstream maxRespBodyLength). */
export const MAX_BODY_BYTES = 10 * 1024;
const MAX_REDIRECTS = 10;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const NO_HEADERS_IN_TIME = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)";
const NO_BODY_IN_TIME = "context deadline exceeded (Client.Timeout or context cancellation while reading body)";

/** What a GET failed with, in Go's words: `Get "http://10.0.0.1:80/": EOF`. */
export class GetError extends Error {
  readonly why: string;

  constructor(url: string, why: string) {
    super(`Get ${JSON.stringify(url)}: ${why}`);
    this.name = "GetError";
    this.why = why;
  }
}

/**
 * Asks, following redirects as long as they stay on the host; what leads away is the answer itself.
 * Rejects with a {@link GetError}, or as the caller aborts.
 */
export async function get(target: HttpTarget, headers: ProbeHeaders, signal: AbortSignal): Promise<HttpAnswer> {
  let from = target;
  let sent = headers;
  for (let asked = 1; ; asked++) {
    const answer = await exchangeAt(from, sent, signal);
    if (!REDIRECTS.has(answer.status) || !answer.location) return answer;
    const next = redirected(from, answer.location);
    if (next && next.host !== target.host) return answer;
    answer[Symbol.dispose]();
    if (!next) {
      throw new GetError(from.text, `failed to parse Location header ${JSON.stringify(answer.location)}`);
    }
    if (asked >= MAX_REDIRECTS) throw new GetError(answer.location, `stopped after ${MAX_REDIRECTS} redirects`);
    // A Host of the spec's own holds as long as redirects name no other.
    const host = /^[a-z][a-z\d+.-]*:|^\/\//i.test(answer.location) ? undefined : sent.host;
    sent = { values: { ...sent.values, Referer: [from.text] }, host };
    from = next;
  }
}

async function exchangeAt(target: HttpTarget, headers: ProbeHeaders, signal: AbortSignal): Promise<HttpAnswer> {
  try {
    return await exchange(target, headers, signal);
  } catch (error) {
    if (hasTimedOut(signal)) throw new GetError(target.text, NO_HEADERS_IN_TIME);
    throw new GetError(target.text, messageOf(error));
  }
}

/**
 * From 200 up to 399 is a success; a redirect that was not followed one with a warning. A body that breaks off makes
 * the probe itself fail (upstream DoHTTPProbe). Rejects only when the caller aborts.
 */
export async function probeHttp(target: HttpTarget, headers: ProbeHeaders, signal: AbortSignal): Promise<ProbeOutcome> {
  let answer: HttpAnswer;
  try {
    answer = await get(target, headers, signal);
  } catch (error) {
    if (!(error instanceof GetError)) throw error;
    return { result: "failure", message: error.message };
  }
  try {
    return outcomeOf(answer.status, await answer.body(MAX_BODY_BYTES));
  } catch (error) {
    return { result: "unknown", state: "failure", message: hasTimedOut(signal) ? NO_BODY_IN_TIME : messageOf(error) };
  } finally {
    answer[Symbol.dispose]();
  }
}

function outcomeOf(status: number, body: string): ProbeOutcome {
  if (status < 200 || status >= 400) {
    return { result: "failure", message: `HTTP probe failed with statuscode: ${status}` };
  }
  if (status < 300) return { result: "success" };
  return { result: "success", message: `Probe terminated redirects, Response body: ${body}` };
}
