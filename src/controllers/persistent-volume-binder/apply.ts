import type { Clock } from "#base";
import { updateStatus } from "#client";
import {
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  type PersistentVolume,
  type PersistentVolumeClaim,
} from "#objects";
import type { Plan, SyncContext, SyncResult } from "../framework/index.ts";
import { claimKey } from "./keys.ts";
import {
  boundClaim,
  claimForProvisioner,
  claimInPhase,
  claimOfClass,
  reservedVolume,
  unboundVolume,
  volumeInPhase,
} from "./objects.ts";
import type { BinderStep, Telling } from "./steps.ts";

/** An Event that says the same is not recorded again within this time: upstream looks at all claims as often. */
const QUIET_MS = 15_000;

export interface Apply {
  all(key: string, plan: Plan<BinderStep>, context: SyncContext): Promise<SyncResult>;
  /** The key's object is gone. */
  forget(key: string): void;
}

/** Carries plans out. `written` is told of each volume as the API has it now. */
export function createApply(clock: Clock, written: (volume: PersistentVolume) => void): Apply {
  /** What was told last, and when, by key. */
  const told = new Map<string, { readonly text: string; readonly at: number }>();
  const tell = (key: string, { reason, message }: Telling): boolean => {
    const text = `${reason} ${message}`;
    const before = told.get(key);
    if (before?.text === text && clock.now() - before.at < QUIET_MS) return false;
    told.set(key, { text, at: clock.now() });
    return true;
  };
  return {
    async all(key, { steps, requeueAt }, context) {
      const hand = new Hand(context, written);
      if (!steps.some(({ type }) => type === "tell")) told.delete(key);
      for (const step of steps) {
        if (step.type === "wake") context.enqueue(claimKey(step.claim));
        else if (step.type !== "tell") await hand.write(step);
        else if (tell(key, step.telling)) {
          context.recorder.event(step.about, step.telling.level, step.telling.reason, step.telling.message);
        }
      }
      return requeueAt === undefined ? {} : { requeueAt };
    },
    forget: (key) => void told.delete(key),
  };
}

type Writing = Exclude<BinderStep, { readonly type: "wake" | "tell" }>;

/** The steps of one plan follow each other: each begins with what the one before has written. */
class Hand {
  readonly #context: SyncContext;
  readonly #written: (volume: PersistentVolume) => void;
  #volume: PersistentVolume | undefined;
  #claim: PersistentVolumeClaim | undefined;

  constructor(context: SyncContext, written: (volume: PersistentVolume) => void) {
    this.#context = context;
    this.#written = written;
  }

  async write(step: Writing): Promise<void> {
    const { recorder } = this.#context;
    switch (step.type) {
      case "reserve":
        return this.#putVolume(reservedVolume(this.#volume ?? step.volume, step.claim));
      case "unbind":
        await this.#putVolume(unboundVolume(step.volume));
        return this.#putVolumeStatus(volumeInPhase(this.#volume!, "Available", ""));
      case "volume-phase": {
        const { telling } = step;
        await this.#putVolumeStatus(volumeInPhase(this.#volume ?? step.volume, step.phase, telling?.message ?? ""));
        if (telling) recorder.event(this.#volume!, telling.level, telling.reason, telling.message);
        return;
      }
      case "bind-claim":
        return this.#putClaim(boundClaim(this.#claim ?? step.claim, this.#volume ?? step.volume));
      case "claim-phase": {
        const { telling } = step;
        const volume = step.volume && (this.#volume ?? step.volume);
        const claim = claimInPhase(this.#claim ?? step.claim, step.phase, volume);
        this.#claim = await updateStatus(this.#context.client, PERSISTENT_VOLUME_CLAIMS, claim);
        if (telling) recorder.event(this.#claim, telling.level, telling.reason, telling.message);
        return;
      }
      case "set-class":
        return this.#putClaim(claimOfClass(step.claim, step.className));
      case "ask-provisioner":
        return this.#putClaim(claimForProvisioner(step.claim, step.provisioner));
    }
  }

  async #putVolume(volume: PersistentVolume): Promise<void> {
    this.#volume = await this.#context.client.update(PERSISTENT_VOLUMES, volume);
    this.#written(this.#volume);
  }

  async #putVolumeStatus(volume: PersistentVolume): Promise<void> {
    this.#volume = await updateStatus(this.#context.client, PERSISTENT_VOLUMES, volume);
    this.#written(this.#volume);
  }

  async #putClaim(claim: PersistentVolumeClaim): Promise<void> {
    this.#claim = await this.#context.client.update(PERSISTENT_VOLUME_CLAIMS, claim);
  }
}
