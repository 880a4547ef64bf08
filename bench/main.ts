import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { readKubeconfig } from "#client";
import { API_WORKLOADS, runOnTargets } from "./api/run.ts";
import { openTarget, type Target } from "./api/target.ts";
import type { Scale } from "./api/workload.ts";
import { withKnarr } from "./cluster/knarr-process.ts";
import { benchResident } from "./cluster/resident.ts";
import { benchRollout } from "./cluster/rollout.ts";
import { benchStart } from "./cluster/start.ts";
import { benchWorkloads, type WorkloadScale } from "./cluster/workloads.ts";
import { figuresOf, type Figure, type Measure } from "./figure.ts";
import { parseOptions, USAGE, type BenchOptions } from "./options.ts";
import { OURS, tableOf, writeJson } from "./report.ts";
import { benchContainers } from "./real/section.ts";
import { schedulerFigures } from "./scheduler-figures.ts";
import { benchStores, type StoreFigures } from "./store.ts";

const FULL: Scale = { rounds: 3, ms: 3_000, events: 2_000 };
const QUICK: Scale = { rounds: 1, ms: 1_000, events: 500 };

const MANY: WorkloadScale = { nodes: 50, pets: 200, daemons: 1_000, jobs: 500, claims: 1_000 };
const FEW: WorkloadScale = { nodes: 10, pets: 40, daemons: 100, jobs: 50, claims: 100 };

/** What concerns the whole cluster and so only ours. */
function sectionsOf(
  quick: boolean,
): readonly { name: string; title: string; run: () => Promise<readonly Measure[]> }[] {
  return [
    { name: "start", title: "Start", run: () => benchStart(quick ? 3 : 7) },
    { name: "resident", title: "Memory and processor", run: () => benchResident(quick ? 2_000 : 10_000) },
    { name: "rollout", title: "Rollout", run: () => benchRollout(quick ? 200 : 1_000, 50) },
    { name: "workloads", title: "Workloads", run: () => benchWorkloads(quick ? FEW : MANY) },
    { name: "scheduler", title: "Scheduler, deciding alone", run: async () => schedulerFigures(quick) },
    { name: "containers", title: "Real containers", run: () => benchContainers(quick) },
    {
      name: "store",
      title: "Store engines, without an API server",
      run: async () => (await benchStores(quick ? 500 : 2_000)).flatMap(storeMeasures),
    },
  ];
}

function storeMeasures({ workload, perSecond, p50, p99 }: StoreFigures): Measure[] {
  return [
    { name: workload, value: perSecond, unit: "/s" },
    ...(p50 === undefined ? [] : [{ name: `${workload}: p50`, value: p50, unit: "ms" } as const]),
    ...(p99 === undefined ? [] : [{ name: `${workload}: p99`, value: p99, unit: "ms" } as const]),
  ];
}

async function main(options: BenchOptions): Promise<void> {
  const at = new Date();
  const wanted = (name: string) => options.only.length === 0 || options.only.some((prefix) => name.startsWith(prefix));
  const all: Figure[] = [];
  const report = (figures: readonly Figure[], others: readonly string[] = []) => {
    all.push(...figures);
    for (const line of tableOf(figures, others)) console.log(line);
  };

  for (const { name, title, run } of sectionsOf(options.quick)) {
    if (!wanted(name)) continue;
    console.log(`\n${title}`);
    report(figuresOf(title, new Map([[OURS, [await run()]]])));
  }

  const workloads = API_WORKLOADS.filter(({ name }) => wanted(name));
  if (workloads.length > 0) {
    await withKnarr([], async ({ access }) => {
      const targets: Target[] = [await openTarget(OURS, access)];
      try {
        for (const file of options.against) {
          const context = await readKubeconfig(await readFile(file, "utf8"), {
            readFile: (path) => readFile(path, "utf8"),
          });
          targets.push(await openTarget(context.name, context));
        }
        const others = targets.slice(1).map(({ name }) => name);
        console.log(
          `\nAPI over HTTPS${others.length > 0 ? `: ${OURS}, then ${others.join(", ")} and how many times better ${OURS} is` : ""}`,
        );
        for (const workload of workloads)
          report(await runOnTargets(workload, targets, options.quick ? QUICK : FULL), others);
      } finally {
        // Ours goes away whole.
        for (const target of targets.slice(1)) await target.remove();
        for (const target of targets) target.close();
      }
    });
  }

  if (all.length === 0) {
    console.error(`nothing is called ${options.only.join(" or ")}\n\n${USAGE}`);
    process.exitCode = 2;
    return;
  }
  const file =
    options.json ?? join(import.meta.dirname, "results", `${at.toISOString().replaceAll(":", "-").slice(0, 19)}.json`);
  writeJson(file, at, all);
  console.log(`\nFigures written to ${file}`);
}

let options: BenchOptions;
try {
  options = parseOptions(process.argv.slice(2));
} catch (error) {
  console.error(`${(error as Error).message}\n\n${USAGE}`);
  process.exit(2);
}
await main(options);
