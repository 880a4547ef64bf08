import type { Command } from "./command.ts";

/** What `knarr help` prints. */
export function overview(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return [
    "knarr: a complete Kubernetes, started by one command",
    "",
    "Usage: knarr <command> [options]",
    "",
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    "",
    "`knarr help <command>` tells a command's options.",
  ].join("\n");
}

/** What `knarr help <command>` prints. */
export function describeCommand(command: Command): string {
  const options = Object.entries(command.options).map(([name, { value, help }]) => [
    `--${name}${value ? ` ${value}` : ""}`,
    help,
  ]);
  const width = Math.max(0, ...options.map(([head]) => head!.length));
  const usage = ["knarr", command.name, ...(command.positionals ?? []), ...(options.length > 0 ? ["[options]"] : [])];
  return [
    command.summary,
    "",
    `Usage: ${usage.join(" ")}`,
    ...(options.length > 0 ? ["", ...options.map(([head, help]) => `  ${head!.padEnd(width)}  ${help}`)] : []),
    ...(command.details ? ["", command.details] : []),
  ].join("\n");
}
