import { connect as connectHttp2 } from "node:http2";
import { request as httpsRequest, type RequestOptions } from "node:https";
import { systemClock } from "#base";
import type { HttpResponse } from "#http";
import { createAuthority, issueCertificate } from "../../certificates/authority.ts";
import { serve, type RunningServer, type ServeOptions } from "../index.ts";

export const bytes = (text: string) => new TextEncoder().encode(text);
export const ok = (text: string): HttpResponse => ({
  status: 200,
  headers: { "content-type": "text/plain" },
  body: { type: "bytes", bytes: bytes(text) },
});

/** Who signs the server's certificate, and those of clients. */
export const authority = await createAuthority(systemClock, "test-ca", 1);
const others = await createAuthority(systemClock, "other-ca", 1);
const forAdmin = { commonName: "jane", organizations: ["dev", "ops"], usage: "client", days: 1 } as const;
const [certificate, admin, stranger] = await Promise.all([
  issueCertificate(systemClock, authority, {
    commonName: "server",
    usage: "server",
    dnsNames: ["localhost"],
    ipAddresses: ["127.0.0.1"],
    days: 1,
  }),
  issueCertificate(systemClock, authority, forAdmin),
  issueCertificate(systemClock, others, forAdmin),
]);
export { admin, stranger };

/** A server with TLS on a free port; it ends with `close()`. */
export const start = (handle: ServeOptions["handle"], more: Partial<ServeOptions> = {}) =>
  serve({
    handle,
    host: "127.0.0.1",
    port: 0,
    tls: { key: certificate.privateKey, cert: certificate.certificate, clientCa: authority.certificate },
    ...more,
  });

interface Got {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly bytes: Buffer;
  readonly text: string;
}

function content(chunks: readonly Buffer[]): Pick<Got, "bytes" | "text"> {
  const all = Buffer.concat(chunks);
  return { bytes: all, text: all.toString() };
}

/** One request on a connection of its own. */
export function http1(server: RunningServer, path: string, options: RequestOptions = {}, body?: string): Promise<Got> {
  return new Promise((resolve, reject) => {
    const sent = httpsRequest(
      { host: "127.0.0.1", port: server.port, path, ca: authority.certificate, agent: false, ...options },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, ...content(chunks) }),
        );
      },
    );
    sent.on("error", reject);
    sent.end(body);
  });
}

/** The same by HTTP/2. */
export async function http2(server: RunningServer, headers: Record<string, string>, body?: string): Promise<Got> {
  const session = connectHttp2(`https://127.0.0.1:${server.port}`, { ca: authority.certificate });
  try {
    return await new Promise((resolve, reject) => {
      const stream = session.request(headers, { endStream: body === undefined });
      const chunks: Buffer[] = [];
      let head: Record<string, string | string[] | undefined> = {};
      session.on("error", reject);
      stream.on("error", reject);
      stream.on("response", (found) => (head = found as typeof head));
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => resolve({ status: Number(head[":status"]), headers: head, ...content(chunks) }));
      if (body !== undefined) stream.end(body);
    });
  } finally {
    session.close();
  }
}
