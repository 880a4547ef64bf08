export { ensureBridge, type BridgeOptions } from "./host/bridge.ts";
export { removeTable, type RemoveTableOptions } from "./host/remove-table.ts";
export type { ProxyNode, ProxyOptions } from "./options.ts";
export { startProxy, type ServiceProxy } from "./proxy.ts";
export type { SyncInfo } from "./table-keeper.ts";
