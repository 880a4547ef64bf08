import type { Clock } from "#base";
import type { RuntimeStreams } from "#kubelet";
import { openForward } from "./forward.ts";
import type { StreamUrls } from "./port.ts";
import { openProcess } from "./process.ts";

/** Streams by way of the runtime's streaming server. Ids may be as statuses show them. */
export function createStreams(urls: StreamUrls, clock: Clock): RuntimeStreams {
  return {
    async exec(id, { command, ...wanted }) {
      const url = await urls.exec({ containerId: criId(id), cmd: command, ...pick(wanted) });
      return openProcess(url, wanted, "error executing command in container: ", clock);
    },
    async attach(id, wanted) {
      const url = await urls.attach({ containerId: criId(id), ...pick(wanted) });
      return openProcess(url, wanted, "error attaching to container: ", clock);
    },
    async portForward(sandboxId, port) {
      const url = await urls.portForward({ podSandboxId: criId(sandboxId), port: [port] });
      return openForward(url, port, clock);
    },
  };
}

/** `containerd://0123…` → `0123…` */
const criId = (id: string) => id.replace(/^[a-z]+:\/\//, "");

const pick = ({ tty, stdin, stdout, stderr }: Parameters<RuntimeStreams["attach"]>[1]) => ({
  tty,
  stdin,
  stdout,
  stderr,
});
