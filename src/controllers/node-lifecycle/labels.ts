import type { Node } from "#objects";

/** Labels of old that repeat one of today. */
const REPEATED = [
  ["kubernetes.io/os", "beta.kubernetes.io/os"],
  ["kubernetes.io/arch", "beta.kubernetes.io/arch"],
] as const;

/** The labels that a node lacks; undefined: none. */
export function missingLabels({ metadata: { labels = {} } }: Node): Readonly<Record<string, string>> | undefined {
  const missing: Record<string, string> = {};
  for (const [now, before] of REPEATED) {
    const value = labels[now];
    if (value !== undefined && labels[before] !== value) missing[before] = value;
  }
  return Object.keys(missing).length > 0 ? missing : undefined;
}
