import type { Random } from "#base";

/** How badly a link behaves. Shares are between 0 and 1. */
export interface LinkFaults {
  /** Longest delay of one way, in milliseconds; each is drawn between 0 and it. */
  readonly delayMs: number;
  /** Share of requests that never reach the server. */
  readonly lostRequests: number;
  /** Share of answers that never reach the client: the request was carried out. */
  readonly lostAnswers: number;
  /** Share of watch batches after which the connection breaks, the batch being lost. */
  readonly brokenWatches: number;
}

export const SOUND: LinkFaults = { delayMs: 0, lostRequests: 0, lostAnswers: 0, brokenWatches: 0 };

/** Draws how the links of one run behave: some runs have sound ones, some slow ones, some lossy ones. */
export function drawLinkFaults(random: Random): LinkFaults {
  const share = (most: number) => (random.int(2) === 0 ? 0 : random.next() * most);
  return {
    delayMs: [0, 5, 50, 500][random.int(4)]!,
    lostRequests: share(0.05),
    lostAnswers: share(0.05),
    brokenWatches: share(0.1),
  };
}

/** Draws by how much one API server's view of the store is late at most, in milliseconds: half of them have no lag. */
export const drawLagMs = (random: Random): number => [0, 0, 0, 20, 300, 4_000][random.int(6)]!;

/** Draws how long a commit takes at most, in milliseconds. */
export const drawCommitMs = (random: Random): number => [1, 1, 10, 100][random.int(4)]!;
