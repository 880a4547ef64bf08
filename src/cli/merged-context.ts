import { dataFile, hasTexts } from "#cluster";

/** The context that `up` merged, and the kubeconfig file it went into: `down --purge` takes it out of there. */
export interface MergedContext {
  readonly context: string;
  readonly kubeconfig: string;
  /** The current context of before the first time: it is so again when this one goes. */
  readonly previous?: string;
}

const FILE = dataFile<MergedContext>("context.json", {
  expected: "the names of a context and of a kubeconfig file",
  isValid: (value) => hasTexts(value, "context", "kubeconfig"),
  without: "the context is then left in the kubeconfig when the cluster is purged",
});

/** Kept in the data directory for as long as there is one: a stopped cluster can be purged as well. */
export const rememberContext = (dataDir: string, merged: MergedContext): Promise<void> => FILE.write(dataDir, merged);

/**
 * Undefined for a directory in which no cluster came up.
 *
 * @throws StartError when the note of it is damaged.
 */
export const recallContext = (dataDir: string): MergedContext | undefined => FILE.read(dataDir);
