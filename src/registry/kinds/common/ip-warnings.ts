import { formatCidr, formatIp, parseCidr, parseIp } from "#objects";

/** An address that is valid but not in its canonical form. Source: apimachinery util/validation GetWarningsForIP. */
export function ipWarnings(text: string, path: string): string[] {
  const address = parseIp(text);
  const canonical = address && formatIp(address);
  if (canonical === undefined || canonical === text) return [];
  const [found, wanted] = [JSON.stringify(text), JSON.stringify(canonical)];
  return address?.family === 6
    ? [`${path}: IPv6 address ${found} should be in RFC 5952 canonical format (${wanted})`]
    : [`${path}: non-standard IP address ${found} is invalid: use ${wanted}`];
}

/** The same for a block of addresses. Source: apimachinery util/validation GetWarningsForCIDR. */
export function cidrWarnings(text: string, path: string): string[] {
  const block = parseCidr(text);
  const address = parseIp(text.slice(0, text.indexOf("/")));
  if (!block || !address) return [];
  const canonical = formatCidr(block);
  if (canonical === text) return [];
  const [found, wanted] = [JSON.stringify(text), JSON.stringify(canonical)];
  if (address.bits !== block.base.bits && address.family === block.base.family) {
    const single = `${formatIp(address)}/${address.family === 6 ? 128 : 32}`;
    return [
      `${path}: CIDR value ${found} is ambiguous in this context (should be ${wanted} or ${JSON.stringify(single)}?)`,
    ];
  }
  return address.family === 6
    ? [`${path}: IPv6 CIDR value ${found} should be in RFC 5952 canonical format (${wanted})`]
    : [`${path}: non-standard CIDR value ${found} is invalid: use ${wanted}`];
}
