export * from "./limits.ts";
export { AddressInUse, CannotListen } from "./errors.ts";
export { serve, type RunningServer, type ServeOptions, type ServerTls } from "./serve.ts";
