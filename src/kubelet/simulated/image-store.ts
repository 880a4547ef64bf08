import { RuntimeError, type NodeImage, type PulledImage } from "#kubelet";
import type { Behaviour } from "./behaviour.ts";
import { describeImage, imageIdOf } from "./images.ts";

/** Asking the registry whether an image that is there is still the newest. */
const CHECK_MS = 20;

export interface ImageStoreOptions {
  readonly rest: (ms: number) => Promise<void>;
  /** How long a pull takes that nothing is said of; another time with each call. */
  readonly pullMs: () => number;
}

/** The images of a simulated node. */
export class SimulatedImages {
  readonly #options: ImageStoreOptions;
  readonly #images = new Map<string, NodeImage>();
  /** On their way. */
  readonly #pulling = new Map<string, Promise<void>>();

  constructor(options: ImageStoreOptions) {
    this.#options = options;
  }

  /** The image is there: something that an earlier process started runs from it. */
  add(image: string): NodeImage {
    const described = this.#images.get(image) ?? describeImage(image);
    this.#images.set(image, described);
    return described;
  }

  idOf(image: string): string | undefined {
    return this.#images.has(image) ? imageIdOf(image) : undefined;
  }

  all(): readonly NodeImage[] {
    return [...this.#images.values()];
  }

  /** Rejects with a RuntimeError when `behaviour` says so. */
  async pull(image: string, behaviour: Behaviour | undefined): Promise<PulledImage> {
    if (behaviour?.pullError) {
      await this.#options.rest(this.#options.pullMs() / 2);
      throw new RuntimeError("ErrImagePull", behaviour.pullError);
    }
    // What is there already is only checked; what is on its way comes once for every pod that waits.
    const arriving = this.#pulling.get(image) ?? this.#options.rest(this.#durationOf(image, behaviour));
    this.#pulling.set(image, arriving);
    await arriving;
    this.#pulling.delete(image);
    return { id: imageIdOf(image), bytes: this.add(image).bytes };
  }

  #durationOf(image: string, behaviour: Behaviour | undefined): number {
    return this.#images.has(image) ? CHECK_MS : (behaviour?.pullMs ?? this.#options.pullMs());
  }
}
