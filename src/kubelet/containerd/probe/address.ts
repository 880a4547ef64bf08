import { isIP } from "node:net";
import type { AnyContainer } from "#kubelet";
import type { IntOrString } from "#objects";

/** `10.0.0.1:80`, `[fd00::1]:80` (Go's net.JoinHostPort). */
export const joinHostPort = (host: string, port: number): string =>
  host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;

/**
 * A probe's or hook's port: a number, or the name of one of the container's ports.
 *
 * @throws Error with upstream's text (probe.ResolveContainerPort).
 */
export function resolvePort(port: IntOrString, container: AnyContainer | undefined): number {
  const number = typeof port === "number" ? port : (namedPort(port, container) ?? wholeNumber(port));
  if (number > 0 && number < 65_536) return number;
  throw new Error(`invalid port number: ${number}`);
}

function namedPort(name: string, container: AnyContainer | undefined): number | undefined {
  return container?.ports?.find((port) => port.name === name)?.containerPort;
}

function wholeNumber(text: string): number {
  if (/^[+-]?\d{1,15}$/.test(text)) return Number(text);
  throw new Error(`strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
}

/** The name that TLS asks for; addresses are not asked for. */
export const serverName = (host: string): string => (isIP(host) === 0 ? host : "");
