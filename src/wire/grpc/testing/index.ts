export { serveGrpc, type GrpcAnswer, type GrpcHandlers, type GrpcServer } from "./server.ts";
