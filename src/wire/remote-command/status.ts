import type { RemoteStatus } from "./contract.ts";

/** What the error stream carries: since version 4 the Status, before it only a failure's message. */
export function statusText(status: RemoteStatus, version: number): string {
  if (version >= 4) return JSON.stringify({ metadata: {}, ...status });
  return status.status === "Failure" ? (status.message ?? "") : "";
}
