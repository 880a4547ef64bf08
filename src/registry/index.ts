export type * from "./contract.ts";
export type * from "./definition.ts";
