import { KNARR_VERSION, VERSION } from "#cluster";
import type { Command } from "../command.ts";

export const version: Command = {
  name: "version",
  summary: "Prints the versions of Knarr and of the Kubernetes it serves.",
  options: {},
  run(_args, terminal) {
    terminal.out(`knarr ${KNARR_VERSION} (Kubernetes ${VERSION}, Node ${process.version})`);
    return Promise.resolve(0);
  },
};
