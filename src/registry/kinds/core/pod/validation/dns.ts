import {
  byteLength,
  dnsSubdomain,
  dnsSubdomainWithUnderscore,
  invalid,
  required,
  validateLegacyIp,
  type FieldError,
  type HostAlias,
  type PodDNSConfig,
} from "#objects";
import { each } from "../../../common/checks.ts";

const MAX_NAMESERVERS = 3;
const MAX_SEARCHES = 32;
const MAX_SEARCH_LIST = 2048;

/** Source: upstream validatePodDNSConfig. */
export function validateDnsConfig(
  config: PodDNSConfig | undefined,
  policy: string | undefined,
  path: string,
): FieldError[] {
  const { nameservers = [], searches = [], options = [] } = config ?? {};
  if (policy === "None") {
    if (!config) return [required(path, "must provide `dnsConfig` when `dnsPolicy` is None")];
    if (nameservers.length === 0) {
      const detail = "must provide at least one DNS nameserver when `dnsPolicy` is None";
      return [required(`${path}.nameservers`, detail)];
    }
  }
  const errors: FieldError[] = [];
  if (nameservers.length > MAX_NAMESERVERS) {
    const detail = `must not have more than ${MAX_NAMESERVERS} nameservers`;
    errors.push(invalid(`${path}.nameservers`, nameservers, detail));
  }
  errors.push(...nameservers.flatMap((server, i) => validateLegacyIp(server, `${path}.nameservers[${i}]`)));
  if (searches.length > MAX_SEARCHES) {
    errors.push(invalid(`${path}.searches`, searches, `must not have more than ${MAX_SEARCHES} search paths`));
  }
  if (byteLength(searches.join(" ")) > MAX_SEARCH_LIST) {
    const detail = `must not have more than ${MAX_SEARCH_LIST} characters (including spaces) in the search list`;
    errors.push(invalid(`${path}.searches`, searches, detail));
  }
  for (const [i, search] of searches.entries()) {
    if (search === ".") continue;
    const name = search.endsWith(".") ? search.slice(0, -1) : search;
    errors.push(...each(`${path}.searches[${i}]`, name, dnsSubdomainWithUnderscore(name)));
  }
  for (const [i, { name }] of options.entries()) {
    if (!name) errors.push(required(`${path}.options[${i}]`, "must not be empty"));
  }
  return errors;
}

/** Source: upstream ValidateHostAliases. */
export function validateHostAliases(aliases: readonly HostAlias[], path: string): FieldError[] {
  return aliases.flatMap(({ ip, hostnames = [] }, i) => [
    ...validateLegacyIp(ip, `${path}[${i}].ip`),
    ...hostnames.flatMap((name, j) => each(`${path}[${i}].hostnames[${j}]`, name, dnsSubdomain(name))),
  ]);
}
