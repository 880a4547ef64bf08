/** Where Linux tells the IPv4 routes of the network namespace of the process that reads it. */
export const ROUTES_FILE = "/proc/net/route";

/**
 * The IPv4 destinations that lead to a device, of the text of {@link ROUTES_FILE}: a header, then a line for each route
 * with the device's name, the destination and, eighth, the mask; both are hexadecimal, the last byte first.
 */
export function routesTo(device: string, text: string): ReadonlySet<string> {
  const rows = text.split("\n").map((line) => line.trim().split(/\s+/));
  return new Set(
    rows.flatMap(([name, destination = "", , , , , , mask = ""]) =>
      name === device ? [`${dotted(destination)}/${prefixLength(mask)}`] : [],
    ),
  );
}

const dotted = (hex: string): string => [6, 4, 2, 0].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)).join(".");

const prefixLength = (mask: string): number => Number.parseInt(mask, 16).toString(2).replaceAll("0", "").length;
