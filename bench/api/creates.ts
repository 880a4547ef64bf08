import { quantile } from "../figure.ts";
import { after, inFlight } from "./in-flight.ts";
import { configMap, configMapsOf } from "./objects.ts";
import { expectStatus, type ApiWorkload } from "./workload.ts";

/** Creates of ConfigMaps, acknowledged when durable, so many in flight at a time. */
export const creates: readonly ApiWorkload[] = [1, 16, 64].map((count) => ({
  name: `creates-${count}`,
  async run(target, { ms }) {
    const path = configMapsOf(target);
    const create = async () => {
      const name = `create-${target.next()}`;
      expectStatus((await target.client.send("POST", path, configMap(name))).status, 201, `create ${name}`);
    };
    await inFlight(count, after(ms / 5), create);
    const { latencies, seconds } = await inFlight(count, after(ms), create);
    const what = `create, ${count} in flight`;
    return [
      { name: what, value: latencies.length / seconds, unit: "/s" },
      { name: `${what}: p50`, value: quantile(latencies, 0.5), unit: "ms" },
      { name: `${what}: p99`, value: quantile(latencies, 0.99), unit: "ms" },
    ];
  },
}));
