import { every, type Clock, type Random, type Scope } from "#base";
import { retryThroughOutage, type Client } from "#client";
import { formatMicroTime, hasReason, LEASES, NODES, type Lease, type New, type Node } from "#objects";

/** Upstream's defaults: the lease lasts 40 s and is renewed every 10 s. */
const LEASE_SECONDS = 40;
const RENEW_MS = 10_000;
const NAMESPACE = "kube-node-lease";

export interface LeaseOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly scope: Scope;
  /** The Node as it was registered. */
  readonly node: Node;
  readonly onError: (error: unknown) => void;
}

/**
 * Tells the API every few seconds that the node is alive, until the scope closes. The lease of a Node that is gone is
 * not made again: it would have no owner; that of one made anew gets the new one as owner.
 */
export async function keepLease(options: LeaseOptions): Promise<void> {
  const { client, clock, random, scope, node, onError } = options;
  const { name = "" } = node.metadata;
  const key = { namespace: NAMESPACE, name };
  /** As it was written last: nothing else writes it, so it needs not be read. */
  let held: Lease | undefined;

  const renewed = () => ({
    holderIdentity: name,
    leaseDurationSeconds: LEASE_SECONDS,
    renewTime: formatMicroTime(clock.now()),
  });
  const take = async ({ metadata: { uid = "" } }: Node): Promise<Lease> => {
    const owner = { apiVersion: "v1", kind: "Node", name, uid };
    const lease: New<Lease> = { metadata: { ...key, ownerReferences: [owner] }, spec: renewed() };
    try {
      return await client.create(LEASES, lease);
    } catch (error) {
      if (!hasReason(error, "AlreadyExists")) throw error;
      const current = await client.get(LEASES, key);
      const metadata = { ...current.metadata, ownerReferences: [owner] };
      return client.update(LEASES, { ...current, metadata, spec: { ...current.spec, ...renewed() } });
    }
  };
  const renew = async () => {
    try {
      held = held
        ? await client.update(LEASES, { ...held, spec: { ...held.spec, ...renewed() } })
        : await take(await client.get(NODES, { namespace: "", name }));
    } catch (error) {
      // What it is now is not known: the next time it is read.
      held = undefined;
      throw error;
    }
  };
  const renewQuietly = () => {
    renew().catch((error: unknown) => {
      if (!scope.signal.aborted) onError(error);
    });
  };

  const start = async () => {
    held = await take(node);
  };
  await retryThroughOutage({ clock, signal: scope.signal, onRetry: onError }, start);
  // A thousand nodes must not all renew in the same instant.
  let timer = clock.setTimeout(() => {
    timer = every(clock, RENEW_MS, renewQuietly);
  }, random.int(RENEW_MS));
  scope.defer(() => timer.cancel());
}
