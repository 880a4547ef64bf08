import { messageOf, sleep } from "#base";
import { CALL_MS } from "../cri/services.ts";
import { LOOK_AGAIN_MS, type EndsOptions, type Look } from "./container-ends.ts";
import { unlessGone } from "./ids.ts";

interface Entry {
  readonly ips: readonly string[];
  readonly lost: () => void;
}

/** The sandboxes that are up, and when one dies. */
export class SandboxEnds {
  readonly #options: EndsOptions;
  readonly #ready = new Map<string, Entry>();

  constructor(options: EndsOptions) {
    this.#options = options;
  }

  /** Resolves when the sandbox dies, unless it is forgotten before. */
  track(id: string, ips: readonly string[]): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#ready.set(id, { lost: resolve, ips });
    return promise;
  }

  has(id: string): boolean {
    return this.#ready.has(id);
  }

  ids(): Iterable<string> {
    return this.#ready.keys();
  }

  /** Its first address. */
  addressOf(id: string): string | undefined {
    return this.#ready.get(id)?.ips[0];
  }

  forget(id: string): void {
    this.#ready.delete(id);
  }

  /** Looks whether it has died, and tells if so. What fails is tried again with the next look. */
  look(id: string, look: Look): void {
    const { log, signal } = this.#options;
    this.#waitForEnd(id, look).catch((error: unknown) => {
      if (!signal.aborted) log.debug("a sandbox is looked at again later", { id, error: messageOf(error) });
    });
  }

  async #waitForEnd(id: string, look: Look): Promise<void> {
    const { cri, clock, signal } = this.#options;
    for (const wait of LOOK_AGAIN_MS) {
      const found = await unlessGone(
        cri.call("RuntimeService.PodSandboxStatus", { podSandboxId: id }, { timeoutMs: CALL_MS, signal }),
      );
      const entry = this.#ready.get(id);
      if (!entry) return;
      if (found?.status?.state !== "SANDBOX_READY") {
        this.#ready.delete(id);
        entry.lost();
        return;
      }
      if (look === "once") return;
      await sleep(clock, wait, signal);
    }
  }
}
