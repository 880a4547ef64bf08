// Runs inside the network of a cluster with real containers, and prints its measures as JSON.
import { readFile } from "node:fs/promises";
import { readKubeconfig } from "#client";
import type { Measure } from "../figure.ts";
import { openLoadClient } from "../http/connection.ts";
import { idleWithPods } from "./idle.ts";
import type { MeasureInput } from "./input.ts";
import { podStarts } from "./pod-starts.ts";
import { serviceChanges } from "./service-changes.ts";

const input = JSON.parse(process.argv[2]!) as MeasureInput;
const client = openLoadClient(await readKubeconfig(await readFile(input.kubeconfig, "utf8")));
try {
  const measures: Measure[] = [
    ...(await podStarts(client, input)),
    ...(await serviceChanges(client, input)),
    ...(await idleWithPods(client, input)),
  ];
  process.stdout.write(JSON.stringify(measures));
} finally {
  client.close();
}
