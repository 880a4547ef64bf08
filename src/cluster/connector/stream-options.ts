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

/**
 * Reads which ports the channels of a WebSocket lead to (PodPortForwardOptions).
 *
 * @throws UpgradeRefused with the kubelet's words (cri-streaming portforward NewV4Options).
 */
export function parsePorts(query: URLSearchParams): readonly number[] {
  const texts = query.getAll("ports");
  if (texts.length === 0) throw new UpgradeRefused(400, 'query parameter "port" is required');
  return texts.flatMap((text) => {
    if (text === "") throw new UpgradeRefused(400, 'query parameter "port" cannot be empty');
    return text.split(",").map((part) => {
      if (!/^\d+$/.test(part) || Number(part) > 65_535) {
        const why = /^\d+$/.test(part) ? "value out of range" : "invalid syntax";
        const detail = `strconv.ParseUint: parsing ${JSON.stringify(part)}: ${why}`;
        throw new UpgradeRefused(400, `unable to parse ${JSON.stringify(text)} as a port: ${detail}`);
      }
      if (Number(part) < 1) throw new UpgradeRefused(400, `port ${JSON.stringify(text)} must be > 0`);
      return Number(part);
    });
  });
}
