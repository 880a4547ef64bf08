export type { ProxyContext } from "./rules/context.ts";
