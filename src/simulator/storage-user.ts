import type { Random } from "#base";
import type { Client } from "#client";
import {
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  StatusError,
  STORAGE_CLASSES,
  type New,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type StorageClass,
} from "#objects";
import { named } from "./invariants/invariant.ts";
import { ConnectionLost } from "./link.ts";
import type { Truth } from "./truth.ts";

export interface StorageUserOptions {
  readonly client: Client;
  /** Of its own: what others draw stays the same. */
  readonly random: Random;
  readonly truth: () => Truth;
  /** Says what the user does. */
  readonly note: (line: string) => void;
}

/** Volumes of the pool have no class object: an administrator makes them. Those of the other are made when they are asked for. */
const POOL = "pool";
const MADE = "made";
const MOST = 8;

/** A user of the cluster's storage: makes volumes, claims them, and gives them back. */
export class StorageUser {
  readonly #options: StorageUserOptions;
  #created = 0;

  constructor(options: StorageUserOptions) {
    this.#options = options;
  }

  /** Does one thing, or nothing. Never rejects: a user lives with errors. */
  async act(): Promise<void> {
    const { random, note } = this.#options;
    const actions = [
      () => this.#createVolume(),
      () => this.#createClaim(POOL),
      () => this.#createClaim(MADE),
      () => this.#deleteClaim(),
      async () => {},
      async () => {},
    ];
    try {
      await actions[random.int(actions.length)]!();
    } catch (error) {
      if (!(error instanceof StatusError || error instanceof ConnectionLost)) throw error;
      note(`storage user: ${error.message}`);
    }
  }

  async #createVolume(): Promise<void> {
    const { client, random, truth, note } = this.#options;
    if (truth().of("PersistentVolume").length >= MOST) return;
    const name = `disk-${++this.#created}`;
    const storage = `${1 + random.int(3)}Gi`;
    note(`user makes the volume ${name} of ${storage}`);
    await client.create(PERSISTENT_VOLUMES, {
      metadata: { name },
      spec: {
        capacity: { storage },
        accessModes: ["ReadWriteOnce"],
        storageClassName: POOL,
        hostPath: { path: `/disks/${name}` },
      },
    } as New<PersistentVolume>);
  }

  async #createClaim(storageClassName: string): Promise<void> {
    const { client, random, truth, note } = this.#options;
    if (truth().of("PersistentVolumeClaim").length >= MOST) return;
    if (storageClassName === MADE) await this.#ensureClass();
    const name = `claim-${++this.#created}`;
    const storage = `${1 + random.int(3)}Gi`;
    note(`user claims ${storage} of class ${storageClassName} as ${name}`);
    await client.create(PERSISTENT_VOLUME_CLAIMS, {
      metadata: { namespace: "default", name },
      spec: { accessModes: ["ReadWriteOnce"], storageClassName, resources: { requests: { storage } } },
    } as New<PersistentVolumeClaim>);
  }

  async #ensureClass(): Promise<void> {
    const { client, truth } = this.#options;
    if (
      truth()
        .of<StorageClass>("StorageClass")
        .some(({ metadata }) => metadata.name === MADE)
    )
      return;
    await client.create(STORAGE_CLASSES, { metadata: { name: MADE }, provisioner: "knarr.dev/local" });
  }

  async #deleteClaim(): Promise<void> {
    const { client, random, truth, note } = this.#options;
    const claims = truth().of<PersistentVolumeClaim>("PersistentVolumeClaim");
    const victim = claims[random.int(claims.length)];
    if (!victim) return;
    const { namespace = "", name = "" } = victim.metadata;
    note(`user deletes the claim ${named(victim)}`);
    await client.delete(PERSISTENT_VOLUME_CLAIMS, { namespace, name });
  }
}
