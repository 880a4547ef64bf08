import { quantile, type Measure } from "../figure.ts";
import { after, inFlight } from "./in-flight.ts";
import { gatedPod, podName, POD_COUNT, podsOf } from "./objects.ts";
import type { Target } from "./target.ts";
import { expectStatus, type ApiWorkload } from "./workload.ts";

const PAGE = 500;
const MB = 1e6;

/** Makes the Pods that are read, unless an earlier workload did. */
async function fill(target: Target): Promise<void> {
  if ((await target.client.send("GET", `${podsOf(target)}/${podName(POD_COUNT - 1)}`)).status === 200) return;
  await inFlight(
    64,
    (started) => started >= POD_COUNT,
    async (index) => {
      const { status } = await target.client.send("POST", podsOf(target), gatedPod(podName(index)));
      expectStatus(status, 201, `create ${podName(index)}`);
    },
  );
}

/** One list; resolves to what it took. */
async function list(
  target: Target,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ ms: number; bytes: number }> {
  const began = performance.now();
  const { status, bytes } = await target.client.send("GET", podsOf(target), undefined, headers);
  expectStatus(status, 200, "list");
  return { ms: performance.now() - began, bytes };
}

/** In the metadata of a list, which every server sends first. */
const CONTINUE = /"continue":"([^"]+)"/;
const LIST_HEAD = 2_000;

/** All Pods, page by page. The answers are not parsed, or the client would be what is measured. */
async function pages(target: Target): Promise<void> {
  for (let token: string | undefined = ""; token !== undefined;) {
    const query: string = `limit=${PAGE}${token ? `&continue=${encodeURIComponent(token)}` : ""}`;
    const text = await target.client.text(`${podsOf(target)}?${query}`);
    token = CONTINUE.exec(text.slice(0, LIST_HEAD))?.[1];
  }
}

const get: ApiWorkload = {
  name: "get",
  prepare: fill,
  async run(target, { ms }) {
    const read = async (index: number) => {
      const name = podName((index * 7919) % POD_COUNT);
      expectStatus((await target.client.send("GET", `${podsOf(target)}/${name}`)).status, 200, `get ${name}`);
    };
    await inFlight(16, after(ms / 5), read);
    const { latencies, seconds } = await inFlight(16, after(ms), read);
    return [
      { name: "get a Pod, 16 in flight", value: latencies.length / seconds, unit: "/s" },
      { name: "get a Pod, 16 in flight: p99", value: quantile(latencies, 0.99), unit: "ms" },
    ];
  },
};

const listing: ApiWorkload = {
  name: "list",
  prepare: fill,
  async run(target) {
    const measures: Measure[] = [];
    const whole = await list(target);
    measures.push({ name: "list 10,000 Pods", value: whole.ms, unit: "ms" });
    measures.push({ name: "list 10,000 Pods: throughput", value: whole.bytes / MB / (whole.ms / 1000), unit: "MB/s" });
    const zipped = await list(target, { "accept-encoding": "gzip" });
    measures.push({ name: "list 10,000 Pods, gzip", value: zipped.ms, unit: "ms" });
    const began = performance.now();
    await pages(target);
    measures.push({ name: `list 10,000 Pods in pages of ${PAGE}`, value: performance.now() - began, unit: "ms" });
    return measures;
  },
};

export const reads: readonly ApiWorkload[] = [get, listing];
