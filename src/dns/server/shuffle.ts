import type { Answer } from "dns-packet";
import type { Random } from "#base";
import type { Reply } from "../zone/answer.ts";

const isAddress = ({ type }: Answer) => type === "A" || type === "AAAA";

/** Addresses in random order behind everything else, so that clients that take the first spread (CoreDNS' loadbalance). */
export function shuffleAddresses(reply: Reply, random: Random): Reply {
  return {
    ...reply,
    answers: shuffled(reply.answers, random),
    additionals: shuffled(reply.additionals, random),
  };
}

function shuffled(records: readonly Answer[], random: Random): readonly Answer[] {
  const addresses = records.filter(isAddress);
  if (addresses.length < 2) return records;
  for (let left = addresses.length; left > 1; left--) {
    const pick = random.int(left);
    const last = left - 1;
    [addresses[pick], addresses[last]] = [addresses[last]!, addresses[pick]!];
  }
  return [...records.filter((record) => !isAddress(record)), ...addresses];
}
