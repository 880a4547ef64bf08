import { CorruptKubeconfig, ImageError, StartError } from "#cluster";
import { parseCommandArgs, type Command, type Terminal } from "./command.ts";
import { down } from "./commands/down.ts";
import { image } from "./commands/image.ts";
import { kubeconfig } from "./commands/kubeconfig.ts";
import { status } from "./commands/status.ts";
import { up } from "./commands/up.ts";
import { version } from "./commands/version.ts";
import { describeCommand, overview } from "./help.ts";
import { UsageError } from "./usage-error.ts";

const help: Command = {
  name: "help",
  summary: "Explains a command.",
  options: {},
  positionals: ["[command]"],
  run({ positionals: [name] }, terminal) {
    const command = COMMANDS.find((candidate) => candidate.name === name);
    if (name !== undefined && !command) throw new UsageError(`unknown command "${name}"`);
    terminal.out(command ? describeCommand(command) : overview(COMMANDS));
    return Promise.resolve(0);
  },
};

const COMMANDS: readonly Command[] = [up, down, status, image, kubeconfig, version, help];

/** Runs one command line; resolves to its exit code: 0, 1 (it did not work) or 2 (it made no sense). */
export async function main(args: readonly string[], terminal: Terminal): Promise<number> {
  const [name = "help", ...rest] = args;
  try {
    if (["--help", "-h"].includes(name)) return await help.run(parseCommandArgs(help, []), terminal);
    if (name === "--version") return await version.run(parseCommandArgs(version, []), terminal);
    const command = COMMANDS.find((candidate) => candidate.name === name);
    if (!command) throw new UsageError(`unknown command "${name}"`);
    if (rest.some((arg) => arg === "--help" || arg === "-h")) {
      terminal.out(describeCommand(command));
      return 0;
    }
    return await command.run(parseCommandArgs(command, rest), terminal);
  } catch (error) {
    if (error instanceof UsageError) {
      terminal.err(`knarr: ${error.message}; see \`knarr help\``);
      return 2;
    }
    const code = (error as NodeJS.ErrnoException).code;
    if (
      error instanceof CorruptKubeconfig ||
      error instanceof ImageError ||
      error instanceof StartError ||
      code !== undefined
    ) {
      terminal.err(`knarr: ${(error as Error).message}`);
      return 1;
    }
    // A fault of Knarr itself: where it happened helps to mend it. Node would print the whole bundle before that.
    terminal.err(`knarr: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    return 1;
  }
}
