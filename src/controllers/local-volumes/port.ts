/** The provisioner of volumes that are directories on nodes. */
export const LOCAL_PROVISIONER = "knarr.dev/local";

/** Where the data of volumes is: handed in by what runs the nodes. */
export interface LocalVolumes {
  /**
   * Makes an empty directory for the volume on the node, unless it is there; resolves to its path on the node. `volume`
   * is the name of a PersistentVolume, `node` that of a node. Rejects with an Error whose message users see.
   */
  create(node: string, volume: string): Promise<string>;
  /** Removes it with everything in it. Resolves also when it is not there. */
  remove(node: string, volume: string): Promise<void>;
}
