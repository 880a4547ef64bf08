import { messageOf } from "#base";
import type { HttpResponse } from "#http";
import { plainText } from "./http/responses.ts";

/** One thing that must be well. Throws, or rejects, when it is not. */
export interface HealthCheck {
  readonly name: string;
  check(): void | Promise<void>;
}

export interface HealthChecks {
  readonly healthz: readonly HealthCheck[];
  readonly livez: readonly HealthCheck[];
  readonly readyz: readonly HealthCheck[];
}

/** Always well: says that the process answers. */
export const ping: HealthCheck = { name: "ping", check: () => {} };

/** Answers `/healthz`, `/livez`, `/readyz` and the path of each of their checks; undefined for other paths. */
export async function healthResponse(
  checks: HealthChecks,
  path: string,
  query: URLSearchParams,
): Promise<HttpResponse | undefined> {
  const [, root = "", ...rest] = path.split("/");
  if (root !== "healthz" && root !== "livez" && root !== "readyz") return undefined;
  const all = checks[root].some((check) => check.name === "ping") ? checks[root] : [ping, ...checks[root]];
  if (rest.length > 0) {
    const name = rest.join("/");
    const found = all.find((check) => check.name === name);
    if (!found) return undefined;
    const error = await failureOf(found);
    return error === undefined ? plainText(200, "ok") : plainText(500, `internal server error: ${error}\n`);
  }

  const excluded = new Set(query.getAll("exclude"));
  const unknown = new Set(excluded);
  const lines: string[] = [];
  let failed = false;
  for (const check of all) {
    if (excluded.has(check.name)) {
      unknown.delete(check.name);
      lines.push(`[+]${check.name} excluded: ok`);
    } else if ((await failureOf(check)) === undefined) lines.push(`[+]${check.name} ok`);
    else {
      failed = true;
      lines.push(`[-]${check.name} failed: reason withheld`);
    }
  }
  if (unknown.size > 0) {
    const names = [...unknown].sort().map((text) => JSON.stringify(text));
    lines.push(`warn: some health checks cannot be excluded: no matches for ${names.join(",")}`);
  }
  if (failed) return plainText(500, `${lines.join("\n")}\n${root} check failed\n`);
  if (!query.has("verbose")) return plainText(200, "ok");
  return plainText(200, `${lines.join("\n")}\n${root} check passed\n`);
}

async function failureOf(check: HealthCheck): Promise<string | undefined> {
  try {
    await check.check();
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}
