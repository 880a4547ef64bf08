import { sleep, type Clock, type Log, type Random, type Scope } from "#base";
import { hasReason, StatusError } from "#objects";

/** Events waiting at most; further ones are dropped, as client-go does. */
const MAX_WAITING = 1000;
/** Sent side by side; Events about one object always go through the same lane, in order. */
const LANES = 8;
const ATTEMPTS = 12;
const RETRY_MS = 10_000;

export interface DeliveryOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Closing it drops what is not sent yet. */
  readonly scope: Scope;
}

/** How an Event gets to the API: as a change of one that is there, if there is one, or as a new one. */
export interface Shipment {
  readonly update?: (() => Promise<void>) | undefined;
  readonly create: () => Promise<void>;
}

/** Sends Events in the background, in order for each object. */
export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #lanes = Array.from({ length: LANES }, () => ({
    waiting: [] as (() => Shipment | undefined)[],
    busy: false,
  }));
  #waiting = 0;
  #idle = Promise.withResolvers<void>();

  constructor(options: DeliveryOptions) {
    this.#options = options;
    this.#idle.resolve();
  }

  /** Resolves once everything so far was sent or given up. */
  get whenIdle(): Promise<void> {
    return this.#idle.promise;
  }

  /** `about` tells the object; `prepare` is called when its turn has come, and may give nothing to send. */
  send(about: string, prepare: () => Shipment | undefined): void {
    const { log, scope } = this.#options;
    if (scope.signal.aborted) return;
    if (this.#waiting >= MAX_WAITING) {
      log.debug("event dropped, too many waiting", { about });
      return;
    }
    const lane = this.#lanes[laneOf(about)]!;
    lane.waiting.push(prepare);
    this.#waiting++;
    if (lane.busy) return;
    if (this.#lanes.every(({ busy }) => !busy)) this.#idle = Promise.withResolvers<void>();
    lane.busy = true;
    scope.run("events", async () => {
      try {
        for (let next = lane.waiting.shift(); next; next = lane.waiting.shift()) {
          this.#waiting--;
          const shipment = next();
          if (shipment) await this.#ship(shipment, about);
        }
      } finally {
        lane.busy = false;
        if (this.#lanes.every(({ busy }) => !busy)) this.#idle.resolve();
      }
    });
  }

  async #ship({ update, create }: Shipment, about: string): Promise<void> {
    const { clock, random, log, scope } = this.#options;
    let updates = update !== undefined;
    for (let attempt = 1; attempt <= ATTEMPTS && !scope.signal.aborted; attempt++) {
      try {
        await (updates && update ? update() : create());
        return;
      } catch (error) {
        if (updates && hasReason(error, "NotFound")) {
          // The old one has expired meanwhile.
          updates = false;
        } else if (error instanceof StatusError && error.code < 500) {
          log.debug("event refused", { about, error });
          return;
        } else {
          await sleep(clock, RETRY_MS * (attempt === 1 ? random.next() : 1), scope.signal);
        }
      }
    }
    if (!scope.signal.aborted) log.warn("event lost", { about });
  }
}

function laneOf(text: string): number {
  let hash = 0;
  for (let at = 0; at < text.length; at++) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) >>> 0;
  return hash % LANES;
}
