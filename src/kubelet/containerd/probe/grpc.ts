import { connect, type ClientHttp2Session, type ClientHttp2Stream, type IncomingHttpHeaders } from "node:http2";
import { STATUS_CODES } from "node:http";
import { sleep, type Clock } from "#base";
import type { ProbeOutcome } from "#kubelet";
import { formatDuration } from "#objects";
import { codeText } from "#wire/grpc";
import { joinHostPort } from "./address.ts";
import { DeadlineExceeded, hasTimedOut } from "./deadline.ts";
import { codeOfHttpStatus, readHealthStatus, writeHealthRequest } from "./health-message.ts";

/** Between attempts to connect (grpc-go's base back-off). */
const RETRY_MS = 1000;
/** Of an answer no more is taken: a health status has two bytes. */
const MAX_ANSWER_BYTES = 16 * 1024;

export interface GrpcProbe {
  readonly host: string;
  readonly port: number;
  readonly service: string;
  readonly timeoutMs: number;
  readonly userAgent: string;
}

/** How a call ended: its code by name, and the message or the bytes of the answer. */
type RpcEnd = { readonly code: "OK"; readonly answer: Buffer } | { readonly code: string; readonly message: string };

/** Asks grpc.health.v1.Health/Check, without TLS. Rejects only when the caller aborts. */
export async function probeGrpc(probe: GrpcProbe, clock: Clock, signal: AbortSignal): Promise<ProbeOutcome> {
  const { host, port, timeoutMs } = probe;
  const address = joinHostPort(host, port);
  let session: ClientHttp2Session;
  try {
    session = await connected(`http://${address}`, clock, signal);
  } catch {
    hasTimedOut(signal);
    const within = formatDuration(timeoutMs);
    return failure(`timeout: failed to connect service "${address}" within ${within}: context deadline exceeded`);
  }
  try {
    return outcomeOf(await call(session, probe, signal), timeoutMs);
  } finally {
    session.destroy();
  }
}

const failure = (message: string): ProbeOutcome => ({ result: "failure", message });

function outcomeOf(end: RpcEnd, timeoutMs: number): ProbeOutcome {
  if ("answer" in end) {
    const status = readHealthStatus(end.answer);
    if (status === undefined) return rpcFailed("Internal", "grpc: failed to unmarshal the received message");
    return status === "SERVING"
      ? { result: "success" }
      : failure(`service unhealthy (responded with ${JSON.stringify(status)})`);
  }
  switch (end.code) {
    case "Unimplemented":
      return failure(
        `error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ${end.message}`,
      );
    case "DeadlineExceeded":
      return failure(`timeout: health rpc did not complete within ${formatDuration(timeoutMs)}`);
    default:
      return rpcFailed(end.code, end.message);
  }
}

const rpcFailed = (code: string, message: string) =>
  failure(`error: health rpc probe failed: rpc error: code = ${code} desc = ${message}`);

/** Tries until it is connected to something that speaks HTTP/2, or the signal aborts. */
async function connected(url: string, clock: Clock, signal: AbortSignal): Promise<ClientHttp2Session> {
  for (;;) {
    const session = await connectOnce(url, signal);
    if (session) return session;
    await sleep(clock, RETRY_MS, signal);
  }
}

function connectOnce(url: string, signal: AbortSignal): Promise<ClientHttp2Session | undefined> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const session = connect(url, { settings: { enablePush: false } });
    const onAbort = () => {
      session.destroy();
      reject(signal.reason as Error);
    };
    const leave = () => signal.removeEventListener("abort", onAbort);
    signal.addEventListener("abort", onAbort, { once: true });
    // Without a listener, an error after this one would be thrown.
    session.on("error", () => {});
    session.once("close", () => {
      leave();
      resolve(undefined);
    });
    session.once("remoteSettings", () => {
      leave();
      resolve(session);
    });
  });
}

function call(session: ClientHttp2Session, probe: GrpcProbe, signal: AbortSignal): Promise<RpcEnd> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ":method": "POST",
      ":path": "/grpc.health.v1.Health/Check",
      "content-type": "application/grpc",
      te: "trailers",
      "user-agent": probe.userAgent,
      "grpc-timeout": `${Math.ceil(probe.timeoutMs)}m`,
    });
    const onAbort = () => stream.destroy(signal.reason as Error);
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
    followCall(stream, (end) => {
      signal.removeEventListener("abort", onAbort);
      if (signal.aborted && !(signal.reason instanceof DeadlineExceeded)) reject(signal.reason as Error);
      else resolve(signal.aborted ? { code: "DeadlineExceeded", message: "context deadline exceeded" } : end);
    });
    stream.end(writeHealthRequest(probe.service));
  });
}

function followCall(stream: ClientHttp2Stream, onEnd: (end: RpcEnd) => void): void {
  const chunks: Buffer[] = [];
  let length = 0;
  let answered: IncomingHttpHeaders = {};
  let trailers: IncomingHttpHeaders = {};
  let broken: string | undefined;
  stream.on("response", (headers) => (answered = headers));
  stream.on("trailers", (headers: IncomingHttpHeaders) => (trailers = headers));
  stream.on("data", (chunk: Buffer) => {
    length += chunk.length;
    if (length <= MAX_ANSWER_BYTES) chunks.push(chunk);
    else stream.destroy();
  });
  stream.on("error", (error: Error) => (broken = error.message));
  stream.once("close", () => {
    if (length > MAX_ANSWER_BYTES) {
      onEnd({ code: "ResourceExhausted", message: "grpc: received message larger than max" });
    } else onEnd(endOf(answered, trailers, Buffer.concat(chunks), broken));
  });
}

function endOf(
  answered: IncomingHttpHeaders,
  trailers: IncomingHttpHeaders,
  answer: Buffer,
  broken: string | undefined,
): RpcEnd {
  const type = answered["content-type"];
  if (answered[":status"] !== undefined && !type?.startsWith("application/grpc")) {
    const status = Number(answered[":status"]);
    const what = type === undefined ? "malformed header: missing HTTP content-type" : unexpectedType(type);
    const message = `unexpected HTTP status code received from server: ${status} (${STATUS_CODES[status] ?? ""}); ${what}`;
    return { code: codeOfHttpStatus(status), message };
  }
  const own = trailers["grpc-status"] === undefined ? answered : trailers;
  const status = own["grpc-status"];
  if (status === undefined) {
    return { code: "Unavailable", message: `error reading from server: ${broken ?? "EOF"}` };
  }
  if (Number(status) === 0) return { code: "OK", answer };
  const code = codeText(Number(status));
  return { code, message: unescaped(String(own["grpc-message"] ?? "")) };
}

const unexpectedType = (type: string) => `transport: received unexpected content-type ${JSON.stringify(type)}`;

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
