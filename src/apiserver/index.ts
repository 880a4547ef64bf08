export type { Connector, ConnectRequest } from "./connect.ts";
export type { HealthCheck, HealthChecks } from "./health.ts";
export type { ProtobufReader } from "./http/protobuf.ts";
export type { Body, DeleteParameters, Operation, PatchBody, Result, WriteParameters } from "./operation.ts";
export { createApiServer, type ApiServer, type ApiServerOptions } from "./server.ts";
export type { Cell, Counter, Histogram, HistogramCell, Metrics } from "./metrics.ts";
export { KUBERNETES_VERSION, versionInfo, type VersionInfo } from "./version.ts";
