/** A connection that can be cut. */
interface Cuttable {
  destroy(): unknown;
}

/**
 * Connections that have not sent a request yet. However many a client opens and leaves half-open, only so many
 * are held: the oldest are closed, so that a client that sends a request always gets in.
 */
export interface FreshConnections {
  opened(key: string, connection: Cuttable): void;
  /** It sent a request, or is gone. */
  settled(key: string): void;
  readonly size: number;
}

/** Holds at most `limit`. */
export function createFreshConnections(limit: number): FreshConnections {
  // A Map keeps the order of insertion: the first is the oldest.
  const fresh = new Map<string, Cuttable>();
  return {
    opened(key, connection) {
      fresh.set(key, connection);
      if (fresh.size <= limit) return;
      const [oldest, victim] = fresh.entries().next().value!;
      fresh.delete(oldest);
      victim.destroy();
    },
    settled(key) {
      fresh.delete(key);
    },
    get size() {
      return fresh.size;
    },
  };
}
