/** What a Service's or an endpoint's port may speak. */
export const PROTOCOLS: readonly string[] = ["TCP", "UDP", "SCTP"];
