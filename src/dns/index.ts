export { parseResolvConf, type Upstream } from "./forward/upstream.ts";
export { startDns, type DnsOptions, type DnsServer } from "./start.ts";
export { ensureDnsService, type DnsServiceOptions } from "./service/ensure.ts";
