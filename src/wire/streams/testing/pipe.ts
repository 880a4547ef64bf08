import type { UpgradedConnection } from "#http";
import { ByteQueue } from "../byte-queue.ts";
import { StreamGone } from "../contract.ts";

/** A connection's two ends in memory; each side is held up once `limit` bytes wait for the other. */
export function connectionPair(limit = 64 * 1024): readonly [UpgradedConnection, UpgradedConnection] {
  const there = new ByteQueue(limit);
  const back = new ByteQueue(limit);
  let cut = false;
  const end = (input: ByteQueue, output: ByteQueue): UpgradedConnection => ({
    input,
    async write(bytes) {
      if (cut) throw new StreamGone();
      await output.push(bytes);
      if (cut) throw new StreamGone();
    },
    close: () => output.end(),
    cut() {
      cut = true;
      there.end();
      back.end();
    },
  });
  return [end(back, there), end(there, back)];
}

/** All that comes, joined. */
export async function collect(input: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of input) parts.push(part);
  return Buffer.concat(parts);
}
