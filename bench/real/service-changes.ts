import { connect } from "node:net";
import { spread, type Measure } from "../figure.ts";
import { inFlight } from "../api/in-flight.ts";
import type { LoadClient } from "../http/connection.ts";
import type { MeasureInput } from "./input.ts";
import { createPod, deletePods, idlePod, watchPods } from "./pods.ts";

const SERVICES = "/api/v1/namespaces/default/services";
const FEW = 10;
const SAMPLES = 20;
const CONNECT_MS = 4;
const PATIENCE_MS = 30_000;

interface ServiceSeen {
  readonly spec: { readonly clusterIP: string };
}

/** From a Service's creation acknowledged to the first connection through it, with few and with many Services. */
export async function serviceChanges(client: LoadClient, { services }: MeasureInput): Promise<Measure[]> {
  const watch = await watchPods(client);
  await createPod(client, idlePod("server", { app: "server" }));
  await watch.ready("server");
  const measures: Measure[] = [];
  let made = 0;
  for (const count of [FEW, services]) {
    const first = made;
    const addresses: string[] = [];
    const began = performance.now();
    await inFlight(
      16,
      (begun) => first + begun >= count,
      async () => {
        const { spec } = await client.json<ServiceSeen>("POST", SERVICES, service(`filler-${made++}`));
        addresses.push(spec.clusterIP);
      },
    );
    // A change that comes while the endpoints of so many are still being written has to wait.
    for (const address of addresses) await flows(address);
    const name = `${addresses.length.toLocaleString("en")} Services created at once to packets flowing through all`;
    measures.push({ name, value: performance.now() - began, unit: "ms" });
    const durations: number[] = [];
    for (let sample = 0; sample < SAMPLES; sample++) durations.push(await untilItFlows(client, `probe-${sample}`));
    measures.push(...spread(`Service created to packets flowing, among ${count.toLocaleString("en")}`, durations));
  }
  await client.json("DELETE", `${SERVICES}?fieldSelector=metadata.name!%3Dkubernetes`);
  await deletePods(client, watch, ["server"]);
  watch.close();
  return measures;
}

const service = (name: string): object => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name },
  spec: { selector: { app: "server" }, ports: [{ port: 80 }] },
});

async function untilItFlows(client: LoadClient, name: string): Promise<number> {
  const { spec } = await client.json<ServiceSeen>("POST", SERVICES, service(name));
  const began = performance.now();
  await flows(spec.clusterIP);
  const took = performance.now() - began;
  await client.json("DELETE", `${SERVICES}/${name}`);
  return took;
}

async function flows(clusterIp: string): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await connects(clusterIp, 80))) {
    if (performance.now() > deadline) throw new Error(`nothing gets through the Service at ${clusterIp}`);
  }
}

/** Whether a connection comes about, told within moments: packets to an address without rules get no answer. */
function connects(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: CONNECT_MS });
    const done = (did: boolean) => {
      socket.destroy();
      resolve(did);
    };
    socket.on("connect", () => done(true));
    socket.on("timeout", () => done(false));
    socket.on("error", () => done(false));
  });
}
