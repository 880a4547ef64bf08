export { createNodeTransport, type NodeTransportOptions } from "./node-transport.ts";
export type {
  Connection,
  HttpRequest as ClientRequest,
  HttpResponse as ClientResponse,
  HttpTransport,
} from "./transport.ts";
