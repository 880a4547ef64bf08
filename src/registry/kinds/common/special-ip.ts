import { blockContains, invalid, parseCidr, parseIp, type FieldError } from "#objects";

const RANGES: readonly (readonly [networks: readonly string[], detail: (value: string) => string])[] = [
  [["0.0.0.0/32", "::/128"], (value) => `may not be unspecified (${value})`],
  [["127.0.0.0/8", "::1/128"], () => "may not be in the loopback range (127.0.0.0/8, ::1/128)"],
  [["169.254.0.0/16", "fe80::/10"], () => "may not be in the link-local range (169.254.0.0/16, fe80::/10)"],
  [["224.0.0.0/24", "ff02::/16"], () => "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"],
];

const blocks = RANGES.map(([networks, detail]) => ({ networks: networks.map((text) => parseCidr(text)!), detail }));

/** An address that pods or outside clients can reach (core validation ValidateNonSpecialIP). */
export function nonSpecialIpErrors(field: string, value: string): FieldError[] {
  const ip = parseIp(value);
  if (!ip) return [invalid(field, value, "must be a valid IP address")];
  return blocks
    .filter(({ networks }) => networks.some((network) => blockContains(network, ip)))
    .map(({ detail }) => invalid(field, value, detail(value)));
}
