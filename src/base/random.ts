/** The only source of chance; seeded ones make a run repeatable. */
export interface Random {
  /** A number in [0, 1). */
  next(): number;
  /** A whole number in [0, below). */
  int(below: number): number;
  /** `length` characters of the alphabet that Kubernetes uses for generated names. */
  suffix(length: number): string;
  /** A random (version 4) UUID. */
  uuid(): string;
}

/** No vowels and no 0, 1, 3: a generated name never spells a word (k8s.io/apimachinery util/rand). */
const SAFE_ALPHABET = "bcdfghjklmnpqrstvwxz2456789";

function fromNext(next: () => number): Random {
  const int = (below: number) => Math.floor(next() * below);
  return {
    next,
    int,
    suffix: (length) => Array.from({ length }, () => SAFE_ALPHABET[int(SAFE_ALPHABET.length)]).join(""),
    uuid: () => {
      const hex = Array.from({ length: 32 }, (_, i) =>
        (i === 12 ? 4 : i === 16 ? 8 + int(4) : int(16)).toString(16),
      ).join("");
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
    },
  };
}

/** A generator that repeats itself for the same seed (mulberry32). */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return fromNext(() => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  });
}

/** Asking the system for numbers one by one costs more than everything that is done with them. */
function fromPool(): () => number {
  const pool = new Uint32Array(1024);
  let left = 0;
  return () => {
    if (left === 0) {
      crypto.getRandomValues(pool);
      left = pool.length;
    }
    return pool[--left]! / 2 ** 32;
  };
}

/** The machine's cryptographic generator. */
export const systemRandom: Random = {
  ...fromNext(fromPool()),
  uuid: () => crypto.randomUUID(),
};
