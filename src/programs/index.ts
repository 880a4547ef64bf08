export { runCommand, runPatiently, type RunCommand } from "./run-command.ts";
export { createShell } from "./shell.ts";
