// Runs inside a test's network: `requester.ts URL 1 TIMEOUT` requests once, `requester.ts URL loop TIMEOUT PARALLEL
// PAUSE` until its input ends. Prints a line of JSON for each.
import { get } from "node:http";
import { setTimeout as delay } from "node:timers/promises";

const [url = "", times, timeout, parallel, pause] = process.argv.slice(2);
const MAX_BODY = 4096;

function once(): Promise<object> {
  const began = performance.now();
  return new Promise((resolve) => {
    const finish = (outcome: object) =>
      resolve({ ...outcome, at: performance.timeOrigin + performance.now(), ms: performance.now() - began });
    // No agent: a new connection each time, as a new client would make.
    const request = get(url, { agent: false, timeout: Number(timeout) }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => (body = (body + text).slice(0, MAX_BODY)));
      response.on("end", () => finish({ status: response.statusCode, body }));
      response.on("error", (error: NodeJS.ErrnoException) => finish({ body, error: error.code ?? error.message }));
    });
    request.on("timeout", () => request.destroy(new Error("timeout")));
    request.on("error", (error: NodeJS.ErrnoException) => finish({ body: "", error: error.code ?? error.message }));
  });
}

let going = true;
async function loop(): Promise<void> {
  while (going) {
    console.log(JSON.stringify(await once()));
    if (Number(pause) > 0) await delay(Number(pause));
  }
}

if (times === "1") {
  console.log(JSON.stringify(await once()));
} else {
  process.stdin.on("end", () => (going = false)).resume();
  await Promise.all(Array.from({ length: Number(parallel) }, loop));
}
