import { homedir } from "node:os";
import { join } from "node:path";

/** Where a cluster's data is when the user does not say. */
export const defaultDataDir = (env: NodeJS.ProcessEnv): string => join(env["HOME"] || homedir(), ".knarr");

/** A word of a command line as a shell reads it again. */
export const shellWord = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

/** A command about the cluster of a data directory, to be pasted into a shell: `knarr down --purge --data-dir DIR`. */
export const commandFor = (dataDir: string, command: string, env: NodeJS.ProcessEnv = process.env): string =>
  dataDir === defaultDataDir(env) ? `knarr ${command}` : `knarr ${command} --data-dir ${shellWord(dataDir)}`;
