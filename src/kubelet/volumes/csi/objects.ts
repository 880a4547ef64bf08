import type { Client } from "#client";
import { messageOf } from "#base";
import {
  CSI_DRIVERS,
  hasReason,
  PERSISTENT_VOLUME_CLAIMS,
  SECRETS,
  VOLUME_ATTACHMENTS,
  type CSIDriver,
  type KubeObject,
  type PersistentVolumeClaim,
  type ResourceType,
  type VolumeAttachment,
} from "#objects";
import { resizedStatus } from "./expansion.ts";
import type { SecretReference, Texts } from "./volume.ts";

/** What the API says of drivers and their volumes; asked for when it is needed. */
export interface CsiObjects {
  /** Undefined: the driver has no such object. */
  driver(name: string): Promise<CSIDriver | undefined>;
  attachment(name: string): Promise<VolumeAttachment | undefined>;
  /** The claim's file system has this size now. */
  resized(claim: PersistentVolumeClaim, storage: string): Promise<void>;
  /** Rejects with an Error with upstream's text. `what`: `NodeStageSecretRef`. */
  secret(what: string, reference: SecretReference): Promise<Texts>;
}

export function createCsiObjects(client: Client): CsiObjects {
  const find = async <T extends KubeObject>(type: ResourceType<T>, name: string): Promise<T | undefined> => {
    try {
      return await client.get(type, { namespace: "", name });
    } catch (error) {
      if (hasReason(error, "NotFound")) return undefined;
      throw error;
    }
  };
  return {
    driver: (name) => find(CSI_DRIVERS, name),
    attachment: (name) => find(VOLUME_ATTACHMENTS, name),
    async resized(claim, storage) {
      const { namespace = "", name = "" } = claim.metadata;
      const body = { status: resizedStatus(claim, storage) };
      await client.patch(
        PERSISTENT_VOLUME_CLAIMS,
        { namespace, name },
        { type: "merge", body },
        { subresource: "status" },
      );
    },
    async secret(what, { namespace, name }) {
      try {
        const { data = {} } = await client.get(SECRETS, { namespace, name });
        return Object.fromEntries(
          Object.entries(data).map(([key, text]) => [key, Buffer.from(text, "base64").toString("utf8")]),
        );
      } catch (error) {
        const why = `kubernetes.io/csi: failed to find the secret ${name} in the namespace ${namespace} with error: ${messageOf(error)}`;
        throw new Error(`fetching ${what} ${namespace}/${name} failed: ${why}`, { cause: error });
      }
    },
  };
}
