/** IP addresses and CIDR blocks (apimachinery util/validation/ip.go). */
import { invalid, type FieldError } from "../field-error.ts";

export interface IpAddress {
  readonly family: 4 | 6;
  /** The address as a number: 32 or 128 bits. */
  readonly bits: bigint;
}

export interface IpBlock {
  /** The first address. */
  readonly base: IpAddress;
  readonly prefixLength: number;
}

interface Parsed extends IpAddress {
  /** IPv4 written with zeros in front of a part, which strict readers refuse. */
  readonly leadingZeros: boolean;
  /** `::ffff:1.2.3.4`, which counts as IPv4. */
  readonly mapped: boolean;
}

function parseV4(text: string): { bits: bigint; leadingZeros: boolean } | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  let bits = 0;
  let leadingZeros = false;
  for (const part of parts) {
    if (!/^[0-9]+$/.test(part)) return undefined;
    const value = Number(part);
    if (value > 255) return undefined;
    if (part.length > 1 && part.startsWith("0")) leadingZeros = true;
    bits = bits * 256 + value;
  }
  return { bits: BigInt(bits), leadingZeros };
}

const hexGroups = (half: string): number[] | undefined => {
  if (half === "") return [];
  const parts = half.split(":");
  return parts.every((part) => /^[0-9a-fA-F]{1,4}$/.test(part)) ? parts.map((part) => parseInt(part, 16)) : undefined;
};

function parseSloppy(text: string): Parsed | undefined {
  if (text.length > 64) return undefined;
  if (!text.includes(":")) {
    const v4 = parseV4(text);
    return v4 && { family: 4, ...v4, mapped: false };
  }
  let groups = text;
  let leadingZeros = false;
  let tail: number[] = [];
  const lastColon = text.lastIndexOf(":");
  if (text.includes(".", lastColon)) {
    const v4 = parseV4(text.slice(lastColon + 1));
    if (!v4) return undefined;
    leadingZeros = v4.leadingZeros;
    tail = [Number(v4.bits >> 16n), Number(v4.bits & 0xffffn)];
    groups = text.slice(0, lastColon + 1);
    // What is left ends in the colon that stood before the IPv4 part.
    groups = groups.endsWith("::") ? groups : groups.slice(0, -1);
  }
  const halves = groups.split("::");
  if (halves.length > 2) return undefined;
  const head = hexGroups(halves[0]!);
  const rest = halves.length === 2 ? hexGroups(halves[1]!) : [];
  if (!head || !rest) return undefined;
  if (halves.length === 1 && halves[0] === "") return undefined;
  const given = head.length + rest.length + tail.length;
  if (halves.length === 2 ? given > 7 : given !== 8) return undefined;
  const all = [...head, ...Array<number>(8 - given).fill(0), ...rest, ...tail];
  const bits = all.reduce((sum, group) => (sum << 16n) | BigInt(group), 0n);
  const mapped = bits >> 32n === 0xffffn;
  return mapped
    ? { family: 4, bits: bits & 0xffff_ffffn, leadingZeros, mapped }
    : { family: 6, bits, leadingZeros, mapped };
}

/** The address, or undefined. Parts of IPv4 with zeros in front are read as decimal, as upstream does for old fields. */
export function parseIp(text: string): IpAddress | undefined {
  const parsed = parseSloppy(text);
  return parsed && { family: parsed.family, bits: parsed.bits };
}

/** The canonical text (RFC 5952 for IPv6). */
export function formatIp({ family, bits }: IpAddress): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (bits >> shift) & 255n).join(".");
  const groups = Array.from({ length: 8 }, (_, i) => Number((bits >> BigInt(112 - 16 * i)) & 0xffffn));
  let start = -1;
  let length = 1;
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && groups[end] === 0) end++;
    if (end - i > length) [start, length] = [i, end - i];
    i = Math.max(i, end - 1);
  }
  const hex = (from: number, to?: number) =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(":");
  return start < 0 ? hex(0) : `${hex(0, start)}::${hex(start + length)}`;
}

const width = (family: 4 | 6): number => (family === 4 ? 32 : 128);

function masked({ family, bits }: IpAddress, prefixLength: number): IpAddress {
  const host = BigInt(width(family) - prefixLength);
  return { family, bits: (bits >> host) << host };
}

function parseBlockSloppy(text: string) {
  const slash = text.indexOf("/");
  if (slash < 0) return undefined;
  const parsed = parseSloppy(text.slice(0, slash));
  const lengthText = text.slice(slash + 1);
  if (!parsed || !/^[0-9]{1,9}$/.test(lengthText)) return undefined;
  // The prefix of an IPv4-mapped address counts from the front of its 128 bits.
  const address: IpAddress = parsed.mapped ? { family: 6, bits: (0xffffn << 32n) | parsed.bits } : parsed;
  const prefixLength = Number(lengthText);
  if (prefixLength > width(address.family)) return undefined;
  const leadingZeros = parsed.leadingZeros || (lengthText.length > 1 && lengthText.startsWith("0"));
  return { address, mapped: parsed.mapped, prefixLength, leadingZeros, base: masked(address, prefixLength) };
}

/** The block, its host bits cleared; undefined when it is none. */
export function parseCidr(text: string): IpBlock | undefined {
  const parsed = parseBlockSloppy(text);
  return parsed && { base: parsed.base, prefixLength: parsed.prefixLength };
}

/** The canonical text of a block. */
export const formatCidr = ({ base, prefixLength }: IpBlock): string => `${formatIp(base)}/${prefixLength}`;

/** Whether an address, of the same family, is in the block. */
export const blockContains = (block: IpBlock, address: IpAddress): boolean =>
  block.base.family === address.family && masked(address, block.prefixLength).bits === block.base.bits;

/** How many addresses a block has. */
export const blockSize = ({ base, prefixLength }: IpBlock): bigint => 1n << BigInt(width(base.family) - prefixLength);

function strictIp(text: string, path: string): FieldError[] {
  const address = parseSloppy(text);
  if (!address) {
    return [invalid(path, text, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)")];
  }
  const errors: FieldError[] = [];
  if (address.leadingZeros) errors.push(invalid(path, text, "must not have leading 0s"));
  if (address.mapped) errors.push(invalid(path, text, "must not be an IPv4-mapped IPv6 address"));
  return errors;
}

/** An address of a field that takes canonical ones only. */
export function validateIp(text: string, path: string): FieldError[] {
  const errors = strictIp(text, path);
  if (errors.length > 0) return errors;
  const canonical = formatIp(parseSloppy(text)!);
  return canonical === text ? [] : [invalid(path, text, `must be in canonical form (${JSON.stringify(canonical)})`)];
}

/** An address of a field that is older than the strict rules: any valid form without leading zeros. */
export function validateLegacyIp(text: string, path: string, valid: readonly string[] = []): FieldError[] {
  return valid.includes(text) ? [] : strictIp(text, path);
}

function strictCidr(text: string, path: string): FieldError[] {
  const parsed = parseBlockSloppy(text);
  if (!parsed) return [invalid(path, text, "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)")];
  if (parsed.leadingZeros) {
    return [invalid(path, text, "must not have leading 0s in IP or prefix length")];
  }
  if (parsed.mapped) return [invalid(path, text, "must not have an IPv4-mapped IPv6 address")];
  if (parsed.base.bits !== parsed.address.bits) {
    return [invalid(path, text, "must not have bits set beyond the prefix length")];
  }
  return [];
}

/** A block of a field that takes canonical ones only. */
export function validateCidr(text: string, path: string): FieldError[] {
  const errors = strictCidr(text, path);
  if (errors.length > 0) return errors;
  const canonical = formatCidr(parseCidr(text)!);
  return canonical === text ? [] : [invalid(path, text, `must be in canonical form (${JSON.stringify(canonical)})`)];
}

/** A block of a field that is older than the strict rules. */
export function validateLegacyCidr(text: string, path: string, valid: readonly string[] = []): FieldError[] {
  return valid.includes(text) ? [] : strictCidr(text, path);
}
