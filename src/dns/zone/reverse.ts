import { formatIp, parseIp } from "#objects";

/** The text that addresses are compared by: however it was written, the same address has the same. */
export function canonicalAddress(text: string): string | undefined {
  const parsed = parseIp(text);
  return parsed && formatIp(parsed);
}

const V4 = ".in-addr.arpa";
const V6 = ".ip6.arpa";

/** The address that a name of the reverse zones stands for, canonical; undefined for any other name. */
export function addressOfReverse(name: string): string | undefined {
  const folded = (name.endsWith(".") ? name.slice(0, -1) : name).toLowerCase();
  if (folded.endsWith(V4)) {
    const parts = folded.slice(0, -V4.length).split(".");
    return parts.length === 4 ? canonicalAddress(parts.toReversed().join(".")) : undefined;
  }
  if (!folded.endsWith(V6)) return undefined;
  const digits = folded.slice(0, -V6.length).split(".");
  if (digits.length !== 32 || !digits.every((digit) => /^[0-9a-f]$/.test(digit))) return undefined;
  const groups = digits.toReversed().join("").match(/.{4}/g);
  return groups ? canonicalAddress(groups.join(":")) : undefined;
}
