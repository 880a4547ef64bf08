import { blockContains, formatCidr, formatIp, parseCidr, parseIp, type IpBlock } from "#objects";
import type { Family } from "./model.ts";

const NUMBER = { ip: 4, ip6: 6 } as const;

/** The addresses of a family, in their canonical text. What is none is left out. */
export const addressesOf = (family: Family, texts: readonly string[] | undefined): string[] =>
  (texts ?? []).flatMap((text) => {
    const address = parseIp(text);
    return address?.family === NUMBER[family] ? [formatIp(address)] : [];
  });

/**
 * The blocks of a family, in their canonical text. White space around one is ignored, as old validation let it in;
 * a block inside another is left out, since nft may take no overlapping ones.
 */
export const blocksOf = (family: Family, texts: readonly string[] | undefined): string[] => {
  const blocks = (texts ?? []).flatMap((text) => parseCidr(text.trim()) ?? asBlock(text) ?? []);
  return blocks
    .filter(({ base }) => base.family === NUMBER[family])
    .filter(
      (block, i, all) =>
        !all.some((other, j) => j !== i && isInside(block, other) && (!isInside(other, block) || j < i)),
    )
    .map(formatCidr);
};

const isInside = (block: IpBlock, other: IpBlock): boolean =>
  block.prefixLength >= other.prefixLength && blockContains(other, block.base);

/** An address as a block of one. */
function asBlock(text: string): IpBlock | undefined {
  const base = parseIp(text.trim());
  return base && { base, prefixLength: base.family === 4 ? 32 : 128 };
}

/** `10.0.0.1:80`, `[fd00::1]:80`. */
export const hostPort = (ip: string, port: number): string => (ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`);

export const LOOPBACK: Readonly<Record<Family, string>> = { ip: "127.0.0.0/8", ip6: "::1" };
