const MAX_SHOWN = 3;

/** The first three, and how many more there are. */
export function listed(items: readonly (string | number)[], none = ""): string {
  if (items.length === 0) return none;
  const first = items.slice(0, MAX_SHOWN).join(",");
  return items.length > MAX_SHOWN ? `${first} + ${items.length - MAX_SHOWN} more...` : first;
}

/** `10.0.0.1:80`, `[::1]:80` */
export const hostPort = (ip: string, port: number): string => (ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`);
