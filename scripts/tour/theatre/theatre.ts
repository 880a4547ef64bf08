import type { Setting } from "../setting.ts";
import type { Site } from "../../../test/support/rollout/site.ts";
import type { Step } from "../stage.ts";
import type { Clients } from "../traffic.ts";

/** A cluster that is there for the tour only, and what is told on it. */
export interface Theatre {
  readonly setting: Setting;
  readonly site: Site;
  readonly story: readonly Step[];
  /** Clients of a URL, where something answers. */
  readonly request?: (url: string) => Clients;
  /** What `knarr up` printed. */
  readonly announced: string;
  /** Rejects when the cluster ends without being asked to. */
  readonly died: Promise<never>;
  /** Ends all of it; resolves to what is left on the machine nevertheless, a line each. */
  close(): Promise<readonly string[]>;
}
