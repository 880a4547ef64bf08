import { systemClock } from "#base";
import { openLoadClient } from "../http/connection.ts";
import { inFlight } from "./in-flight.ts";
import { configMap, configMapsOf } from "./objects.ts";
import { expectStatus, type ApiWorkload } from "./workload.ts";

const WATCHERS = 100;
/** A server may allow only 100 streams on a connection. */
const CONNECTIONS = 8;
const NEW_LINE = 0x0a;
const PATIENCE_MS = 120_000;

function linesIn(bytes: Buffer): number {
  let lines = 0;
  for (let at = bytes.indexOf(NEW_LINE); at >= 0; at = bytes.indexOf(NEW_LINE, at + 1)) lines++;
  return lines;
}

/** A hundred clients watch the same objects while these are created: how fast, and how late, all hear of all. */
export const fanOut: ApiWorkload = {
  name: "watch",
  async run(target, { events }) {
    const path = configMapsOf(target);
    const { metadata } = await target.client.json<{ metadata: { resourceVersion: string } }>("GET", `${path}?limit=1`);
    const watching = openLoadClient(target.access, CONNECTIONS);
    const done = Promise.withResolvers<number>();
    const late = systemClock.setTimeout(
      () => done.reject(new Error("watchers do not hear of everything")),
      PATIENCE_MS,
    );
    let missing = WATCHERS * events;
    const watches = Array.from({ length: WATCHERS }, () =>
      watching.watch(`${path}?watch=1&resourceVersion=${metadata.resourceVersion}`, (bytes) => {
        missing -= linesIn(bytes);
        if (missing <= 0) done.resolve(performance.now());
      }),
    );
    try {
      await Promise.all(watches.map(({ started }) => started));
      const began = performance.now();
      await inFlight(
        16,
        (started) => started >= events,
        async () => {
          const name = `watched-${target.next()}`;
          expectStatus((await target.client.send("POST", path, configMap(name))).status, 201, `create ${name}`);
        },
      );
      const written = performance.now();
      const delivered = await done.promise;
      return [
        {
          name: `${WATCHERS} watchers: events delivered`,
          value: (WATCHERS * events * 1000) / (delivered - began),
          unit: "/s",
        },
        {
          name: `${WATCHERS} watchers: last delivery after the last create`,
          value: Math.max(0, delivered - written),
          unit: "ms",
        },
      ];
    } finally {
      late.cancel();
      for (const watch of watches) watch.close();
      watching.close();
    }
  },
};
