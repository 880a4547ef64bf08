import { request as httpRequest, type IncomingMessage } from "node:http";
import type { Clock } from "#base";
import { rawConnection } from "../server/upgrade.ts";
import { createSpdySession, type SpdySession } from "./session.ts";

/** How long the other side may take to agree. */
const DIAL_MS = 30_000;
/** Bytes of what it says when it does not. */
const MAX_REASON = 64 * 1024;

export interface Dialled {
  /** Which of the offered protocols the other side has chosen. */
  readonly protocol: string;
  readonly session: SpdySession;
}

/**
 * Opens a SPDY/3.1 session to an `http:` URL. Rejects with upstream's words when the other side does not upgrade:
 * `unable to upgrade connection: …`.
 */
export function dialSpdy(url: string, protocols: readonly string[], clock: Clock): Promise<Dialled> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(url, {
      method: "POST",
      agent: false,
      headers: {
        connection: "Upgrade",
        upgrade: "SPDY/3.1",
        "x-stream-protocol-version": [...protocols],
        "content-length": "0",
      },
    });
    const timer = clock.setTimeout(() => outgoing.destroy(new Error("timed out")), DIAL_MS);
    const fail = (reason: string) => {
      timer.cancel();
      reject(new Error(`unable to upgrade connection: ${reason}`));
    };
    outgoing.once("error", (error) => fail(error.message));
    outgoing.once("response", (response) => {
      textOf(response).then(fail, () => fail("unable to read error from server response"));
    });
    outgoing.once("upgrade", (response, socket, head) => {
      timer.cancel();
      socket.on("error", () => {});
      const chosen = response.headers["x-stream-protocol-version"];
      resolve({
        protocol: (Array.isArray(chosen) ? chosen[0] : chosen) ?? "",
        session: createSpdySession(rawConnection(socket, head), { role: "client", clock }),
      });
    });
    outgoing.end();
  });
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = "";
  for await (const part of response.setEncoding("utf8")) {
    text += String(part);
    if (text.length > MAX_REASON) break;
  }
  return text.trim() || `unknown error, the server answered ${response.statusCode}`;
}
