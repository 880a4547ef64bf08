export { header, headerValues } from "./message.ts";
export type * from "./message.ts";
export type * from "./peer.ts";
export type * from "./transport.ts";
export type * from "./user.ts";
