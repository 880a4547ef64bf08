import { formatCidr, formatIp, parseCidr, parseIp } from "#objects";
import type { Family } from "./model.ts";

const NUMBER = { ip: 4, ip6: 6 } as const;

/** The addresses of a family, in their canonical text. What is none is left out. */
export const addressesOf = (family: Family, texts: readonly string[] | undefined): string[] =>
  (texts ?? []).flatMap((text) => {
    const address = parseIp(text);
    return address?.family === NUMBER[family] ? [formatIp(address)] : [];
  });

/** The blocks of a family, in their canonical text. White space around one is ignored, as old validation let it in. */
export const blocksOf = (family: Family, texts: readonly string[] | undefined): string[] =>
  (texts ?? []).flatMap((text) => {
    const block = parseCidr(text.trim());
    return block?.base.family === NUMBER[family] ? [formatCidr(block)] : [];
  });

/** `10.0.0.1:80`, `[fd00::1]:80`. */
export const hostPort = (ip: string, port: number): string => (ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`);

export const LOOPBACK: Readonly<Record<Family, string>> = { ip: "127.0.0.0/8", ip6: "::1" };
