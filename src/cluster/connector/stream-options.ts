import { UpgradeRefused, type WantedStreams } from "#wire";

/**
 * Reads which streams of a process a request asks for (PodExecOptions, PodAttachOptions).
 *
 * @throws UpgradeRefused with the kubelet's words (cri-streaming remotecommand NewOptions).
 */
export function parseStreams(query: URLSearchParams): WantedStreams {
  const tty = isTrue(query, "tty");
  const wanted = {
    stdin: isTrue(query, "stdin"),
    stdout: isTrue(query, "stdout"),
    // A terminal has but one output.
    stderr: isTrue(query, "stderr") && !tty,
    tty,
  };
  if (!wanted.stdin && !wanted.stdout && !wanted.stderr) {
    throw new UpgradeRefused(400, "you must specify at least 1 of stdin, stdout, stderr");
  }
  return wanted;
}

/** As apimachinery reads booleans in a query: a name without a value is true. */
function isTrue(query: URLSearchParams, name: string): boolean {
  const text = query.get(name);
  return text !== null && !["false", "0"].includes(text.toLowerCase());
}
