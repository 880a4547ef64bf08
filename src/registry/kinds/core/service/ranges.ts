import { blockContains, blockSize, formatIp, parseIp, type IpBlock } from "#objects";

/** FNV-1a, to spread Services over a pool without chance: the same Service starts looking at the same place. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value >>> 0;
}

/** Whole numbers `first..last`, from a place that `seed` chooses and once around. */
function* around(first: number, last: number, seed: string): Generator<number> {
  const count = last - first + 1;
  if (count <= 0) return;
  const start = hash(seed) % count;
  for (let i = 0; i < count; i++) yield first + ((start + i) % count);
}

const between = (value: number, min: number, max: number): number => Math.min(Math.max(value, min), max);

/** Addresses looked at one by one are never more than this; larger networks have room far below it. */
const MAX_OFFSET = 2 ** 30;

/**
 * The addresses of a network in the order they are given out: first those above the band that is left to explicit
 * requests, then that band (KEP-3070). Neither the network's own address nor IPv4's broadcast is given.
 */
export function* addresses(block: IpBlock, seed: string): Generator<string> {
  const all = blockSize(block);
  const size = Number(all > BigInt(MAX_OFFSET) ? BigInt(MAX_OFFSET) : all);
  const last = size - (block.base.family === 4 ? 2 : 1);
  const band = size <= 16 ? 0 : between(Math.floor(size / 16), 16, 256);
  const text = (offset: number) => formatIp({ family: block.base.family, bits: block.base.bits + BigInt(offset) });
  for (const offset of around(band + 1, last, seed)) yield text(offset);
  for (const offset of around(1, Math.min(band, last), seed)) yield text(offset);
}

/** Why an address cannot be asked for, in upstream's words. */
export function addressProblem(block: IpBlock | undefined, ip: string): string | undefined {
  const address = parseIp(ip);
  if (!block || !address || !blockContains(block, address)) {
    return "the provided network does not match the current range";
  }
  const offset = address.bits - block.base.bits;
  const broadcast = block.base.family === 4 && offset === blockSize(block) - 1n;
  if (offset > 0n && !broadcast) return undefined;
  const range = `${formatIp(block.base)}/${block.prefixLength}`;
  return `the provided IP (${ip}) is not in the valid range. The range of valid IPs is ${range}`;
}

export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** Node ports in the order they are given out; the lower band is left to explicit requests (KEP-3668). */
export function* nodePorts({ first, last }: PortRange, seed: string): Generator<number> {
  const size = last - first + 1;
  const band = size <= 16 ? 0 : between(Math.floor(size / 32), 16, 128);
  yield* around(first + band, last, seed);
  yield* around(first, Math.min(first + band - 1, last), seed);
}

export const portProblem = ({ first, last }: PortRange, port: number): string | undefined =>
  port >= first && port <= last
    ? undefined
    : `provided port is not in the valid range. The range of valid ports is ${first}-${last}`;
