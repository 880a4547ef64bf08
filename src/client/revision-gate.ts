/** Lets callers that wait for a revision go on once it is reached. */
export interface RevisionGate {
  readonly revision: number;
  /** Never goes back. */
  advance(revision: number): void;
  /**
   * May go back: the server's store was replaced by an older one. Waiting callers are released then, since their
   * revision may never come.
   */
  reset(revision: number): void;
  /** Rejects when the gate closes first. */
  reached(revision: number): Promise<void>;
  close(reason: Error): void;
}

interface Waiter {
  readonly revision: number;
  readonly resolve: () => void;
  readonly reject: (reason: Error) => void;
}

export function createRevisionGate(): RevisionGate {
  let current = 0;
  let closed: Error | undefined;
  /** In order of revision; short, since a waiting caller does nothing else meanwhile. */
  const waiters: Waiter[] = [];

  const release = () => {
    while (waiters[0] && waiters[0].revision <= current) waiters.shift()!.resolve();
  };

  return {
    get revision() {
      return current;
    },
    advance(revision) {
      if (revision <= current) return;
      current = revision;
      release();
    },
    reset(revision) {
      if (revision < current) for (const waiter of waiters.splice(0)) waiter.resolve();
      current = revision;
      release();
    },
    reached(revision) {
      if (revision <= current) return Promise.resolve();
      if (closed) return Promise.reject(closed);
      return new Promise((resolve, reject) => {
        // Later writes have higher revisions, so the place is nearly always at the end.
        let at = waiters.length;
        while (at > 0 && waiters[at - 1]!.revision > revision) at--;
        waiters.splice(at, 0, { revision, resolve, reject });
      });
    },
    close(reason) {
      closed = reason;
      for (const waiter of waiters.splice(0)) waiter.reject(reason);
    },
  };
}
