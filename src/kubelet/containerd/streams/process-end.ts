import type { ProcessEnd } from "#kubelet";

/** What the error stream of `v4.channel.k8s.io` has said once it is at its end: a Status. */
export function endOf(text: string, context: string): ProcessEnd {
  if (text === "") return { type: "failed", message: "the connection to the container runtime was lost" };
  const status = parse(text);
  if (status?.["status"] === "Success") return { type: "exited", exitCode: 0 };
  if (status?.["reason"] === "NonZeroExitCode") {
    const code = causesOf(status).find(({ reason }) => reason === "ExitCode")?.message;
    if (code !== undefined && /^\d+$/.test(code)) return { type: "exited", exitCode: Number(code) };
  }
  const message = stringIn(status, "message") ?? text;
  return { type: "failed", message: without(context, without("Internal error occurred: ", message)) };
}

const without = (prefix: string, text: string) => (text.startsWith(prefix) ? text.slice(prefix.length) : text);

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null;

function parse(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isFields(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const stringIn = (fields: Fields | undefined, name: string): string | undefined => {
  const value = fields?.[name];
  return typeof value === "string" && value !== "" ? value : undefined;
};

function causesOf({ details }: Fields): { readonly reason?: string; readonly message?: string }[] {
  const causes = isFields(details) ? details["causes"] : undefined;
  if (!Array.isArray(causes)) return [];
  return causes.filter(isFields).map((cause) => {
    const reason = stringIn(cause, "reason");
    const message = stringIn(cause, "message");
    return { ...(reason ? { reason } : {}), ...(message ? { message } : {}) };
  });
}
