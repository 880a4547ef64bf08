import { createLog, createRandom, createScope, createVirtualClock, silentLog, type VirtualClock } from "#base";
import { createCaches, type SharedCaches } from "#client";
import { EVENTS, type ResourceType } from "#objects";
import { createFakeClient, createFakeKubelet, type FakeClient, type FakeKubelet } from "#simulation";
import { runControllers, type ControllerDefinition } from "../framework/index.ts";

/** Controllers on a fake API and a virtual clock: for tests. */
export interface TestWorld extends AsyncDisposable {
  readonly clock: VirtualClock;
  readonly client: FakeClient;
  readonly caches: SharedCaches;
  readonly kubelet: FakeKubelet;
  /** Lets everything happen that happens without time going by much. */
  settle(ms?: number): Promise<void>;
  /** What the controllers have logged as a warning or an error. */
  readonly complaints: readonly string[];
  /** The texts of the Events so far: `Normal SuccessfulCreate Created pod: x`. */
  events(): readonly string[];
}

/** Makes one. `prepare` makes objects that are there before the controllers start; `served` is what discovery shows. */
export async function createTestWorld(
  definitions: readonly ControllerDefinition[],
  prepare?: (client: FakeClient) => Promise<unknown>,
  served?: readonly ResourceType[],
): Promise<TestWorld> {
  const clock = createVirtualClock();
  const random = createRandom(1);
  const client = createFakeClient({ clock, random, ...(served ? { served } : {}) });
  await prepare?.(client);
  const scope = createScope("test");
  const caches = createCaches({ client, scope, clock, random, log: silentLog });
  const undeclared: Error[] = [];
  const complaints: string[] = [];
  const controllers = runControllers(definitions, {
    client,
    caches,
    scope,
    clock,
    random,
    log: createLog((level, message, fields) => {
      if (level === "warn" || level === "error") complaints.push(`${message} ${String(fields["error"])}`);
    }),
    onUndeclared: (error) => undeclared.push(error),
  });
  await Promise.all(controllers.map((controller) => controller.whenStarted()));
  return {
    clock,
    client,
    caches,
    complaints,
    kubelet: createFakeKubelet(client, clock, random),
    async settle(ms = 100) {
      await clock.advance(ms);
      if (undeclared[0]) throw undeclared[0];
    },
    events: () => client.all(EVENTS).map(({ type, reason, message }) => `${type} ${reason} ${message}`),
    [Symbol.asyncDispose]: () => scope.close(),
  };
}
