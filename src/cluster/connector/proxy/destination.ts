import type { Random } from "#base";
import {
  badRequest,
  parseIp,
  serviceUnavailable,
  type Endpoints,
  type IpAddress,
  type Pod,
  type Service,
} from "#objects";

/** Where a proxied request goes. */
export interface Destination {
  readonly secure: boolean;
  /** An IP address. */
  readonly host: string;
  /** As it was asked for: a number, the name of a known service of the internet, or nothing. */
  readonly port: string;
}

/** `name`, `name:port` or `scheme:name:port` (apimachinery util/net SplitSchemeNamePort). */
export interface Reference {
  readonly secure: boolean;
  readonly name: string;
  readonly port: string;
}

/** @throws StatusError BadRequest when it is none; `what` is pod, service or node. */
export function parseReference(text: string, what: string): Reference {
  const parts = text.split(":");
  const [scheme = "", name = "", port = ""] =
    parts.length === 3 ? parts : ["", ...parts.slice(0, parts.length > 3 ? 0 : 2)];
  if (name === "" || !["", "http", "https"].includes(scheme)) {
    throw badRequest(`invalid ${what} request ${JSON.stringify(text)}`);
  }
  return { secure: scheme === "https", name, port };
}

/** @throws StatusError BadRequest when the pod has no address that may be asked. */
export function podDestination({ secure, port }: Reference, { spec, status }: Pod): Destination {
  const first = spec?.containers.find(({ ports = [] }) => ports.length > 0)?.ports?.[0]?.containerPort;
  const host = status?.podIPs?.[0]?.ip ?? "";
  const address = parseIp(host);
  if (!address || !isGlobalUnicast(address)) throw badRequest("address not allowed");
  return { secure, host, port: port || (first === undefined ? "" : String(first)) };
}

/**
 * The name of the port of a Service that is asked for by its number; other texts are names already.
 *
 * @throws StatusError ServiceUnavailable when the Service has no such port.
 */
export function servicePortName({ name, port }: Reference, service: Service): string {
  const found = service.spec?.ports?.find((candidate) => candidate.port === Number(port));
  if (!found) throw serviceUnavailable(`no service port ${Number(port)} found for service ${JSON.stringify(name)}`);
  return found.name ?? "";
}

export const isPortNumber = (port: string): boolean => /^[+-]?\d+$/.test(port);

/** An address of a Service, and the pod that has to have it. */
export interface Candidate extends Destination {
  readonly pod: string;
}

/**
 * The addresses of a Service's port in the order in which to try them, from a random one on, all of one subset
 * before the next. Only pods of the Service's namespace: endpoints that a user wrote lead nowhere else.
 *
 * @throws StatusError ServiceUnavailable when there is none.
 */
export function serviceCandidates(
  { secure }: Reference,
  portName: string,
  { metadata, subsets = [] }: Endpoints,
  random: Random,
): readonly Candidate[] {
  if (subsets.length === 0) throw noEndpoints(metadata.name ?? "");
  return rotated(subsets, random).flatMap(({ addresses = [], ports = [] }) => {
    const port = ports.find(({ name = "" }) => name === portName)?.port;
    if (port === undefined) return [];
    return rotated(addresses, random).flatMap(({ ip, targetRef }) =>
      targetRef?.name && targetRef.namespace === metadata.namespace
        ? [{ secure, host: ip, port: String(port), pod: targetRef.name }]
        : [],
    );
  });
}

export const noEndpoints = (reference: string) =>
  serviceUnavailable(`no endpoints available for service ${JSON.stringify(reference)}`);

export const hasAddress = ({ status }: Pod, address: string): boolean =>
  status?.podIPs?.some(({ ip }) => ip === address) ?? false;

function rotated<T>(list: readonly T[], random: Random): T[] {
  if (list.length === 0) return [];
  const start = random.int(list.length);
  return [...list.slice(start), ...list.slice(0, start)];
}

/** As Go's net.IP: not unspecified, loopback, multicast, link-local or broadcast. */
export function isGlobalUnicast({ family, bits }: IpAddress): boolean {
  if (family === 4) {
    const first = Number(bits >> 24n);
    const firstTwo = Number(bits >> 16n);
    return bits !== 0n && bits !== 0xffff_ffffn && first !== 127 && (first & 0xf0) !== 224 && firstTwo !== 0xa9fe;
  }
  return bits !== 0n && bits !== 1n && bits >> 120n !== 0xffn && bits >> 118n !== 0xfe80n >> 6n;
}
