import type { Target } from "./model.ts";

/** nftables takes 255 bytes for a name; upstream keeps prefixes below 16. */
const MAX_BASE = 240;
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** 40 bits of the text (two FNV-1a sums), as eight letters: names that differ in one digit look different. */
function hash(text: string): string {
  let low = 0x811c9dc5;
  let high = 0x01000193;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    low = Math.imul(low ^ code, 0x01000193) >>> 0;
    high = Math.imul(high ^ (code + i), 0x85ebca6b) >>> 0;
  }
  let letters = "";
  for (let i = 0; i < 4; i++) letters += ALPHABET[(low >>> (5 * i)) & 31]! + ALPHABET[(high >>> (5 * i + 7)) & 31]!;
  return letters;
}

function base(name: string): string {
  const full = `${hash(name)}-${name}`;
  return full.length > MAX_BASE ? `${full.slice(0, MAX_BASE - 3)}...` : full;
}

/** `HASH-namespace/service/tcp/port`, the last part of the names of a Service port's chains (as upstream's). */
export const servicePortName = (namespace: string, service: string, protocol: string, port: string): string =>
  base(`${namespace}/${service}/${protocol}/${port}`);

/** The same for one of its endpoints. nftables takes no colons. */
export const endpointName = (
  namespace: string,
  service: string,
  protocol: string,
  port: string,
  { ip, port: number }: Target,
): string => base(`${namespace}/${service}/${protocol}/${port}__${ip.replaceAll(":", ".")}/${number}`);

/** The chain of a host port of a Pod. */
export const hostPortName = (
  namespace: string,
  pod: string,
  uid: string,
  protocol: string,
  hostIp: string,
  port: number,
): string =>
  `hostport-${base(`${namespace}/${pod}/${uid.slice(0, 13)}/${protocol}/${hostIp.replaceAll(":", ".")}/${port}`)}`;
