import { serve } from "../../server/serve.ts";
import { UpgradeRefused, type UpgradeRequest } from "../contract.ts";

export interface UpgradingServer extends AsyncDisposable {
  readonly port: number;
  /** What was thrown instead of upgrading. */
  readonly refusals: readonly string[];
}

/** Plain HTTP on loopback that hands every request for another protocol to `take`. */
export async function upgradingServer(take: (request: UpgradeRequest) => Promise<unknown>): Promise<UpgradingServer> {
  const refusals: string[] = [];
  const server = await serve({
    host: "127.0.0.1",
    port: 0,
    async handle(request) {
      try {
        await take(request);
        return { status: 101, headers: {}, body: { type: "upgraded" } };
      } catch (error) {
        if (!(error instanceof UpgradeRefused)) throw error;
        refusals.push(`${error.status} ${error.message}`);
        return {
          status: error.status,
          headers: error.headers,
          body: { type: "bytes", bytes: Buffer.from(error.message) },
        };
      }
    },
  });
  return { port: server.port, refusals, [Symbol.asyncDispose]: () => server.close(100) };
}
