import { every, type Clock, type Log, type Random, type Scope } from "#base";
import type { Client, EventRecorder } from "#client";
import { formatMicroTime, formatTime, hasReason, LEASES, NODES, type Lease, type New, type Node } from "#objects";
import type { NodeImage } from "../runtime.ts";
import { newNode, nodeStatus, type NodeDescription } from "./describe.ts";

/** Upstream's defaults: the lease lasts 40 s and is renewed every 10 s; an unchanged status is posted every 5 min. */
const LEASE_SECONDS = 40;
const RENEW_MS = 10_000;
const STATUS_MS = 300_000;
/** Changes of the image list gather this long. */
const IMAGES_MS = 1_000;
const LEASE_NAMESPACE = "kube-node-lease";

export interface NodeAgentOptions {
  readonly description: NodeDescription;
  readonly client: Client;
  readonly recorder: EventRecorder;
  readonly images: () => readonly NodeImage[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly scope: Scope;
}

export interface NodeAgent {
  /** The node's images have changed. */
  imagesChanged(): void;
}

/** Registers the node, and keeps its lease and status fresh until the scope closes. */
export async function startNodeAgent(options: NodeAgentOptions): Promise<NodeAgent> {
  const { description, client, recorder, clock, random, log, scope } = options;
  const key = { namespace: "", name: description.name };
  const leaseKey = { namespace: LEASE_NAMESPACE, name: description.name };

  const quietly = (what: string, work: () => Promise<unknown>) => {
    void work().catch((error: unknown) => {
      if (!scope.signal.aborted) log.warn(`${what} failed`, { node: description.name, error });
    });
  };

  const postStatus = async () => {
    const node = await client.get(NODES, key);
    const status = nodeStatus(description, node.status, options.images(), formatTime(clock.now()));
    await client.update(NODES, { ...node, status }, { subresource: "status" });
  };
  const register = async (): Promise<Node> => {
    try {
      return await client.create(NODES, newNode(description, formatTime(clock.now())));
    } catch (error) {
      if (!hasReason(error, "AlreadyExists")) throw error;
      await postStatus();
      return client.get(NODES, key);
    }
  };
  const renewLease = async (node: Node) => {
    const renewTime = formatMicroTime(clock.now());
    const spec = { holderIdentity: description.name, leaseDurationSeconds: LEASE_SECONDS, renewTime };
    try {
      await client.patch(LEASES, leaseKey, { type: "merge", body: { spec } });
    } catch (error) {
      if (!hasReason(error, "NotFound")) throw error;
      const { name = "", uid = "" } = node.metadata;
      const lease: New<Lease> = {
        metadata: {
          ...leaseKey,
          ownerReferences: [{ apiVersion: "v1", kind: "Node", name, uid }],
        },
        spec,
      };
      await client.create(LEASES, lease);
    }
  };

  const node = await register();
  await renewLease(node);
  recorder.event(node, "Normal", "Starting", "Starting kubelet.");

  // A thousand nodes must not all speak in the same instant.
  const offset = clock.setTimeout(() => {
    const renewal = every(clock, RENEW_MS, () => quietly("renewing the lease", () => renewLease(node)));
    scope.defer(() => renewal.cancel());
  }, random.int(RENEW_MS));
  const status = every(clock, STATUS_MS + random.int(STATUS_MS / 10), () => quietly("posting the status", postStatus));
  scope.defer(() => offset.cancel());
  scope.defer(() => status.cancel());

  let pending = false;
  return {
    imagesChanged() {
      if (pending) return;
      pending = true;
      const timer = clock.setTimeout(() => {
        pending = false;
        forget();
        quietly("posting the images", postStatus);
      }, IMAGES_MS);
      const forget = scope.defer(() => timer.cancel());
    },
  };
}
