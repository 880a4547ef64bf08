import { ADMIN, openApiServer, STRANGER } from "./api-server.ts";
import { clientConformance } from "./conformance.ts";

clientConformance("in-process", async () => {
  const { server, clock, forget, close } = await openApiServer();
  return {
    client: server.client(ADMIN, "conformance"),
    stranger: server.client(STRANGER),
    clock,
    forget,
    dispose: close,
  };
});
