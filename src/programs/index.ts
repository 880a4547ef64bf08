export { runCommand, type RunCommand } from "./run-command.ts";
export { createShell } from "./shell.ts";
