import { programOf } from "./task.ts";
import type { TimedLine, Timeline } from "./timeline.ts";

interface ServerTimes {
  readonly readyMs: number;
  readonly exit?: { readonly afterMs: number; readonly code: number } | undefined;
}

/** What well-known servers say once they are up. */
const UP: Readonly<Record<string, readonly string[]>> = {
  nginx: ["/docker-entrypoint.sh: Configuration complete; ready for start up", "[notice] 1#1: start worker processes"],
  httpd: ["[mpm_event:notice] [pid 1:tid 1] AH00489: Apache/2.4 (Unix) configured -- resuming normal operations"],
  redis: ["1:M * Ready to accept connections tcp"],
  postgres: ["LOG:  database system is ready to accept connections"],
  mysql: ["[Server] /usr/sbin/mysqld: ready for connections."],
};

/** The log of a server that only exists as a timeline; its first line says so. */
export function serverLog(name: string, image: string, { readyMs, exit }: ServerTimes): Timeline {
  const program = programOf(image);
  const up = Object.hasOwn(UP, program) ? UP[program]! : [`${program} is up`];
  const readyAt = Math.min(readyMs, exit?.afterMs ?? Infinity) + 1;
  return {
    lines: [
      firstLine(name, image),
      ...(readyMs > 0 ? [{ afterMs: 0, text: `${program} is starting` }] : []),
      ...(readyAt === Infinity || (exit && exit.afterMs <= readyMs)
        ? []
        : up.map((text) => ({ afterMs: readyAt, text }))),
      ...(exit ? [{ afterMs: exit.afterMs, text: exitLine(program, exit.code) }] : []),
    ],
  };
}

/** The log of what does some work and ends. */
export function taskLog(name: string, image: string, { exit }: Pick<ServerTimes, "exit">): Timeline {
  const ends = exit ? [{ afterMs: exit.afterMs, text: exitLine(programOf(image), exit.code) }] : [];
  return { lines: [firstLine(name, image), ...ends] };
}

const firstLine = (name: string, image: string): TimedLine => ({
  afterMs: 0,
  text: `[simulated] container ${name} of image ${image}: no process runs here`,
});

const exitLine = (program: string, code: number) =>
  code === 0 ? `${program} has done its work` : `${program}: fatal error, exit code ${code}`;
