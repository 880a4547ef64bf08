import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { createRandom, createVirtualClock } from "#base";
import { startCluster } from "#cluster";
import { realClients } from "../scripts/clients.ts";
import { run } from "./support/run.ts";

const EXAMPLES = join(import.meta.dirname, "../examples");

/** The real kubectl on a cluster whose time passes only when the test says so. */
async function virtualCluster() {
  const dir = await mkdtemp(join(tmpdir(), "knarr-test-"));
  // Certificates are looked at by the real time.
  const clock = createVirtualClock(Date.now());
  const advancing = clock.autoAdvance();
  const cluster = await startCluster({ nodes: 2, port: 0, clock, random: createRandom(1) });
  advancing.stop();
  const kubeconfig = join(dir, "kubeconfig");
  await writeFile(kubeconfig, await cluster.kubeconfig());
  const { kubectl: program } = realClients();
  const kubectl = async (...args: string[]) => {
    const { code, stdout, stderr } = await run(program, args, {
      cwd: EXAMPLES,
      env: { ...process.env, HOME: dir, KUBECONFIG: kubeconfig },
    });
    assert.equal(code, 0, `kubectl ${args.join(" ")}: ${stderr}`);
    return stdout;
  };
  return {
    clock,
    kubectl,
    async [Symbol.asyncDispose]() {
      const closing = clock.autoAdvance();
      await cluster.stop();
      closing.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

describe("a HorizontalPodAutoscaler, as kubectl shows it", () => {
  it("follows the load of examples/autoscaling.yaml up and down, as fast as its rules allow", async () => {
    await using world = await virtualCluster();
    const { clock, kubectl } = world;
    await kubectl("apply", "-f", "autoscaling.yaml");
    const seen: number[] = [];
    /** What the autoscaler has asked for, whenever that was something else. */
    const pass = async (seconds: number) => {
      for (let passed = 0; passed < seconds; passed += 15) {
        await clock.advance(15_000);
        const wanted = Number(await kubectl("get", "hpa", "web", "-o=jsonpath={.status.desiredReplicas}"));
        if (wanted !== seen.at(-1)) seen.push(wanted);
      }
    };
    await pass(60);
    assert.match(await kubectl("get", "hpa", "web"), /Deployment\/web +cpu: 20%\/50% +1 +6 +1 /);
    assert.match(await kubectl("top", "pods"), /web-\S+ +20m +48Mi/);
    assert.match(await kubectl("top", "nodes"), /knarr-1 .*\n.*knarr-2 /);
    await pass(240);
    assert.match(await kubectl("get", "hpa", "web"), /Deployment\/web +cpu: 1\d\d%\/50% +1 +6 +6 /);
    await pass(600);
    assert.match(await kubectl("get", "hpa", "web"), /Deployment\/web +cpu: 20%\/50% +1 +6 +1 /);
    const steps = seen.slice(1).map((wanted, at) => wanted - seen[at]!);
    assert.equal(Math.max(...seen), 6);
    assert.ok(
      steps.every((step) => step >= -1 && step <= 2),
      seen.join(),
    );
    const told = await kubectl("describe", "hpa", "web");
    assert.match(told, /AbleToScale +True +ReadyForNewScale +recommended size matches current size/);
    assert.match(told, /ScalingActive +True +ValidMetricFound/);
    assert.match(told, /SuccessfulRescale .*New size: 3; reason: cpu resource utilization .* above target/);
    assert.match(told, /SuccessfulRescale .*New size: 1; reason: All metrics below target/);
  });

  it("says what is missing, and scales what `kubectl autoscale` names once it is there", async () => {
    await using world = await virtualCluster();
    const { clock, kubectl } = world;
    await kubectl("create", "deployment", "app", "--image=nginx");
    assert.equal(
      await kubectl("autoscale", "deployment", "app", "--cpu=50%", "--min=2", "--max=4"),
      "horizontalpodautoscaler.autoscaling/app autoscaled\n",
    );
    await clock.advance(15_000);
    assert.equal(await kubectl("get", "deployment", "app", "-o=jsonpath={.spec.replicas}"), "2");
    await clock.advance(45_000);
    assert.match(await kubectl("get", "hpa", "app"), /cpu: <unknown>\/50%/);
    assert.match(
      await kubectl("describe", "hpa", "app"),
      /FailedGetResourceMetric .*failed to get cpu utilization: missing request for cpu in container nginx of Pod app-/,
    );
    await kubectl("annotate", "pods", "-l", "app=app", "simulated.knarr.dev/cpu=lots");
    await kubectl("top", "pods");
    await clock.advance(15_000);
    assert.match(
      await kubectl("get", "events", "--field-selector=reason=InvalidSimulation"),
      /Warning +InvalidSimulation .*simulated.knarr.dev\/cpu: "lots" is not a quantity/,
    );
    assert.match(
      await kubectl("get", "--raw", "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers/app"),
      /"autoscaling.alpha.kubernetes.io\/conditions":.*"targetCPUUtilizationPercentage":50/,
    );
  });
});
