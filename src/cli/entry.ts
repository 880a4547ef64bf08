// The program behind bin/knarr.
import { main } from "./main.ts";

// Whatever is still open, such as the timers of a container that takes its time, ends with the process.
process.exit(
  await main(process.argv.slice(2), {
    out: (line) => process.stdout.write(`${line}\n`),
    err: (line) => process.stderr.write(`${line}\n`),
    env: process.env,
    isTty: process.stdout.isTTY,
  }),
);
