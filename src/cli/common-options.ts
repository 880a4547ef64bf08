import { resolve } from "node:path";
import { defaultDataDir } from "#cluster";
import type { OptionHelp, ParsedArgs, Terminal } from "./command.ts";

export const DATA_DIR: OptionHelp = {
  type: "string",
  value: "DIR",
  help: "where the cluster's data is (default ~/.knarr)",
};

/** The data directory asked for, or the default one. */
export function dataDirOf(args: ParsedArgs, terminal: Terminal): string {
  return resolve(args.text("data-dir") ?? defaultDataDir(terminal.env));
}
