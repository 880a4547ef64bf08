import { createScope, systemClock, type Clock } from "#base";
import { createHttpClient } from "#client";
import { createNodeTransport, serve } from "#wire";
import { openApiServer } from "./api-server.ts";
import { clientConformance } from "./conformance.ts";

/** The client sleeps before it asks again, as the server wants: not in a test. */
const HURRY = 1000;
const hurried: Clock = {
  now: systemClock.now,
  monotonic: systemClock.monotonic,
  setTimeout: (callback, ms) => systemClock.setTimeout(callback, ms / HURRY),
};

clientConformance("HTTP", async () => {
  const { server, clock, serveWidgets, forget, close } = await openApiServer();
  const scope = createScope("test");
  const listening = await serve({
    handle: server.handle,
    host: "127.0.0.1",
    port: 0,
  });
  const transport = createNodeTransport(
    { server: `http://127.0.0.1:${listening.port}` },
    { clock: systemClock, scope },
  );
  const clientOf = (token: string) =>
    createHttpClient({
      transport,
      clock: hurried,
      timeoutMs: 60_000 * HURRY,
      headers: { authorization: `Bearer ${token}` },
      userAgent: "conformance/1.0",
    });
  return {
    client: clientOf("admin"),
    stranger: clientOf("stranger"),
    clock,
    serveWidgets,
    forget,
    async dispose() {
      await scope.close();
      await listening.close(0);
      await close();
    },
  };
});
