import { measure } from "../../../test/support/rollout/measure.ts";
import type { Stage, Step } from "../stage.ts";
import { isRolledOut, versionsOf } from "../../../test/support/rollout/versions.ts";

/** Rolled out, and with this image only. */
const runs = ({ live }: Stage, name: string, image: string) =>
  isRolledOut(live, name) &&
  versionsOf(live, name).every((version) => version.image === image || version.desired === 0);

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

const RACERS = ["one-by-one", "two-by-two"] as const;

export const race: Step = {
  title: "maxSurge and maxUnavailable: a race (S22)",
  async play(stage) {
    const { live, say, file, deployment, type, watch, check } = stage;
    const { racers } = stage.setting;
    say(
      `Two Deployments of ${racers} Pods whose application answers a second after its start. The first may have one Pod ` +
        "more and one fewer than asked for, the second two. Both are updated by one command.",
    );
    const racer = (name: string, step: number) =>
      deployment({
        name,
        image: "nginx:1.29",
        replicas: racers,
        strategy: `{rollingUpdate: {maxSurge: ${step}, maxUnavailable: ${step}}}`,
        container: ["readinessProbe: {httpGet: {port: 80}, initialDelaySeconds: 1, periodSeconds: 1}"],
      });
    await file("race.yaml", `${racer(RACERS[0], 1)}---\n${racer(RACERS[1], 2)}`);
    await type("kubectl apply -f race.yaml");
    await watch(RACERS, "both are ready to start", () => RACERS.every((name) => runs(stage, name, "nginx:1.29")));
    const measurements = RACERS.map((name) => measure(live, name));
    await type(`kubectl set image ${RACERS.map((name) => `deployment/${name}`).join(" ")} web=httpd:2.4`);
    await watch(RACERS, "both arrived", () => RACERS.every((name) => runs(stage, name, "httpd:2.4")));
    const [one, two] = measurements.map((measurement) => measurement.stop());
    check(
      `1/1 stayed within ${racers - 1} ready and ${racers + 1} Pods (seen: ${one!.fewestReady}, ${one!.mostPods})`,
      one!.fewestReady >= racers - 1 && one!.mostPods <= racers + 1,
    );
    check(
      `2/2 stayed within ${racers - 2} ready and ${racers + 2} Pods (seen: ${two!.fewestReady}, ${two!.mostPods})`,
      two!.fewestReady >= racers - 2 && two!.mostPods <= racers + 2,
    );
    check(`2/2 is faster: ${seconds(two!.tookMs)} against ${seconds(one!.tookMs)}`, two!.tookMs < one!.tookMs);
    // Pods that do not become ready together make more steps of one: real ones seldom do.
    if (!stage.answers)
      check(`2/2 takes fewer steps: ${two!.resizes} against ${one!.resizes}`, two!.resizes < one!.resizes);
    await type(`kubectl delete -f race.yaml --wait=false`);
  },
};

export const recreate: Step = {
  title: "Recreate: all old Pods end before the first new one starts (S23)",
  async play(stage) {
    const { live, say, file, deployment, type, watch, requesting, check } = stage;
    say("For applications that cannot run twice at a time. The price is an outage: for a moment nothing answers.");
    const manifest = (image: string) => deployment({ name: "alone", image, replicas: 3, strategy: "{type: Recreate}" });
    await file("alone.yaml", manifest("nginx:1.29"));
    await file("alone-httpd.yaml", manifest("httpd:2.4"));
    await type("kubectl apply -f alone.yaml");
    await watch(["alone"], "nginx runs", () => runs(stage, "alone", "nginx:1.29"));
    if (stage.answers) await type("kubectl expose deployment alone --port=80");
    const measurement = measure(live, "alone");
    const seen = await requesting("alone", async () => {
      await type("kubectl apply -f alone-httpd.yaml");
      await watch(["alone"], "httpd runs", () => runs(stage, "alone", "httpd:2.4") && measurement.now.tookMs > 0);
    });
    const { fewestReady, mixed } = measurement.stop();
    check("the outage was there: a moment with no Pod ready", fewestReady === 0);
    check("Pods of the two versions never ran together", !mixed);
    if (seen) {
      const outage = `${seen.failed.length} requests failed, and for ${seconds(seen.longestOutageMs)} no Pod answered`;
      check(`clients saw it: ${outage}`, seen.failed.length > 0);
    }
    await type(`kubectl delete deployment${seen ? ",service" : ""} alone --wait=false`);
  },
};
