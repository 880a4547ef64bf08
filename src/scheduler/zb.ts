import { benchScheduler } from "../../bench/scheduler.ts";
for (const kind of ["plain","spread","anti-affinity"] as const) for (const nodes of [100,1000]) { benchScheduler({nodes, pods: 1000, kind}); console.log(kind, benchScheduler({nodes, pods: 10000, kind})); }
