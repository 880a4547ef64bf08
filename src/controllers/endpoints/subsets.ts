import type { CoreV1EndpointPort, EndpointAddress, EndpointSubset } from "#objects";

interface Entry {
  readonly address: EndpointAddress;
  readonly ready: boolean;
}

/**
 * The same endpoints in their one canonical form (upstream RepackSubsets): ports with the same addresses in one
 * subset, and everything sorted. Where an address is both ready and not, for one port, it is not ready. Upstream
 * sorts subsets and ports by hashes of Go's memory, here by what they are.
 */
export function repackSubsets(subsets: readonly EndpointSubset[]): readonly EndpointSubset[] {
  const addresses = new Map<string, EndpointAddress>();
  const byPort = new Map<
    string,
    { readonly port: CoreV1EndpointPort | undefined; readonly entries: Map<string, boolean> }
  >();
  for (const subset of subsets) {
    for (const port of subset.ports?.length ? subset.ports : [undefined]) {
      const id = portId(port);
      let found = byPort.get(id);
      if (!found) byPort.set(id, (found = { port, entries: new Map() }));
      for (const { address, ready } of entriesOf(subset)) {
        const key = addressId(address);
        if (!addresses.has(key)) addresses.set(key, address);
        found.entries.set(key, ready && found.entries.get(key) !== false);
      }
    }
  }
  const byAddresses = new Map<
    string,
    { readonly entries: readonly (readonly [string, boolean])[]; ports: CoreV1EndpointPort[] }
  >();
  for (const id of [...byPort.keys()].sort()) {
    const { port, entries } = byPort.get(id)!;
    const sorted = [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
    const key = JSON.stringify(sorted);
    let found = byAddresses.get(key);
    if (!found) byAddresses.set(key, (found = { entries: sorted, ports: [] }));
    if (port) found.ports.push(port);
  }
  return [...byAddresses.values()].map(({ entries, ports }) => {
    const of = (ready: boolean) => entries.filter((entry) => entry[1] === ready).map(([key]) => addresses.get(key)!);
    const [ready, notReady] = [of(true), of(false)];
    return {
      ...(ready.length > 0 ? { addresses: ready } : {}),
      ...(notReady.length > 0 ? { notReadyAddresses: notReady } : {}),
      ...(ports.length > 0 ? { ports } : {}),
    };
  });
}

function entriesOf({ addresses = [], notReadyAddresses = [] }: EndpointSubset): Entry[] {
  return [
    ...addresses.map((address) => ({ address, ready: true })),
    ...notReadyAddresses.map((address) => ({ address, ready: false })),
  ];
}

/** Two pods may have one address, those of a node's own network. */
const addressId = ({ ip, targetRef }: EndpointAddress): string => `${ip}\0${targetRef?.uid ?? ""}`;

const portId = (port: CoreV1EndpointPort | undefined): string =>
  port ? JSON.stringify([port.name ?? "", port.port, port.protocol ?? "", port.appProtocol ?? null]) : "";

const countOf = ({ addresses = [], notReadyAddresses = [] }: EndpointSubset): number =>
  addresses.length + notReadyAddresses.length;

/**
 * At most `max` addresses: ready ones first, from each subset in proportion. Returns the same list when all fit
 * (upstream truncateEndpoints).
 */
export function truncateSubsets(subsets: readonly EndpointSubset[], max: number): readonly EndpointSubset[] {
  const total = subsets.reduce((sum, subset) => sum + countOf(subset), 0);
  if (total <= max) return subsets;
  const ready = subsets.reduce((sum, { addresses = [] }) => sum + addresses.length, 0);
  const cutReady = ready > max;
  const room = cutReady ? max : max - ready;
  const among = cutReady ? ready : total - ready;
  let left = room;
  const share = (list: readonly EndpointAddress[]) => {
    const taken = list.slice(0, Math.min(Math.ceil((list.length / among) * room), left));
    left -= taken.length;
    return taken;
  };
  return subsets
    .map(({ addresses = [], notReadyAddresses = [], ports }) => {
      const kept = cutReady ? share(addresses) : addresses;
      const keptNotReady = cutReady ? [] : share(notReadyAddresses);
      return {
        ...(kept.length > 0 ? { addresses: kept } : {}),
        ...(keptNotReady.length > 0 ? { notReadyAddresses: keptNotReady } : {}),
        ...(ports ? { ports } : {}),
      };
    })
    .filter((subset) => countOf(subset) > 0);
}
