import { pipeline, Readable } from "node:stream";
import { createGunzip, createGzip } from "node:zlib";
import type { IncomingMessage } from "node:http";
import type { ConnectRequest } from "#apiserver";
import type { Clock } from "#base";
import type { HttpResponse } from "#http";
import { plainError, serviceUnavailable } from "#objects";
import type { Destination } from "./destination.ts";
import { failureText, hostPort, portOf, type Reach } from "./dial.ts";
import { ask, type Came } from "./exchange.ts";
import { requestHeaders, responseHeaders, type Headers } from "./headers.ts";
import { createLinkRewriter } from "./html.ts";
import { rewriteLink, type LinkContext } from "./links.ts";
import { joinPath, proxiedPath } from "./path.ts";
import { join } from "./tunnel.ts";

export interface PassOptions {
  readonly reach: Reach;
  readonly clock: Clock;
}

/** Passes a request on and what comes back to the client, as upstream's UpgradeAwareHandler does. */
export async function pass(
  { request, path: rest }: Pick<ConnectRequest, "request" | "path">,
  destination: Destination,
  { reach, clock }: PassOptions,
): Promise<HttpResponse> {
  const { path, prefix } = proxiedPath(request.path, rest);
  const { upgrade, method } = request;
  const query = request.query === "" ? "" : `?${request.query}`;
  if (!upgrade && path === "" && (method === "GET" || method === "HEAD")) {
    // Links in the page would lead above it otherwise.
    return { status: 301, headers: { location: `${request.path}/${query}` }, body: { type: "empty" } };
  }
  const uri = joinPath(prefix, path);
  const headers = requestHeaders(request, uri);
  if (upgrade) Object.assign(headers, { connection: "Upgrade", upgrade: upgrade.protocol });
  const port = portOf(destination);
  let came: Came;
  try {
    if (port === undefined) throw new Error();
    came = await ask({ request, destination, port, path: `${path || "/"}${query}`, headers, reach, clock });
  } catch (error) {
    const why = failureText(error, destination, port);
    throw upgrade
      ? plainError(`error dialing backend: ${why}`)
      : serviceUnavailable(`error trying to reach service: ${why}`);
  }
  const { response } = came;
  const { statusCode: status = 502 } = response;
  if (came.type === "upgrade") {
    if (!upgrade) {
      came.socket.destroy();
      throw plainError("the backend switched protocols though it was not asked to");
    }
    await join(upgrade.accept(single(responseHeaders(response.rawHeaders))), came.socket, came.head);
    return { status: 101, headers: {}, body: { type: "upgraded" } };
  }
  if (upgrade && status < 400) {
    response.destroy();
    throw plainError(`invalid upgrade response: status code ${status}`);
  }
  const host = headers["host"];
  const context = { prefix, destination: hostPort(destination), host: typeof host === "string" ? host : "" };
  return rewritten(response, method, context);
}

const single = (headers: Headers): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, typeof value === "string" ? value : value.join(", ")]),
  );

/** What came, with the links in it leading through the proxy. */
function rewritten(response: IncomingMessage, method: string, context: LinkContext): HttpResponse {
  const { statusCode: status = 502 } = response;
  const headers = responseHeaders(response.rawHeaders);
  const { location, "content-type": type, "content-encoding": encoding = "" } = headers;
  const plain: HttpResponse = { status, headers, body: { type: "stream", stream: response } };
  if (typeof location === "string") {
    headers["location"] = rewriteLink(location, context);
    return plain;
  }
  const isHtml = typeof type === "string" && type.split(";", 1)[0]!.trim() === "text/html";
  const hasBody = method !== "HEAD" && status !== 204 && status !== 304;
  if (!isHtml || !hasBody || (encoding !== "" && encoding !== "gzip")) return plain;
  delete headers["content-length"];
  const stream = encoding === "gzip" ? rezipped(response, context) : withLinks(response, context);
  return { status, headers, body: { type: "stream", stream } };
}

async function* withLinks(source: AsyncIterable<Uint8Array>, context: LinkContext): AsyncGenerator<Uint8Array> {
  const rewriter = createLinkRewriter((link) => rewriteLink(link, context));
  for await (const chunk of source) {
    const text = rewriter.push(Buffer.from(chunk).toString("latin1"));
    if (text !== "") yield Buffer.from(text, "latin1");
  }
  const rest = rewriter.end();
  if (rest !== "") yield Buffer.from(rest, "latin1");
}

function rezipped(response: IncomingMessage, context: LinkContext): AsyncIterable<Uint8Array> {
  // The reader of the last of them sees a failure.
  const ignore = () => {};
  const plain = pipeline(response, createGunzip(), ignore);
  return pipeline(Readable.from(withLinks(plain, context)), createGzip(), ignore);
}
