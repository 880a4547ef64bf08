import type { Deployment } from "#objects";
import { measure } from "../../../test/support/rollout/measure.ts";
import type { Step } from "../stage.ts";
import { isRolledOut, versionsOf } from "../../../test/support/rollout/versions.ts";
import { REPLICAS } from "./deploy.ts";

const conditionOf = (deployment: Deployment | undefined, type: string) =>
  deployment?.status?.conditions?.find((condition) => condition.type === type);

export const failure: Step = {
  title: "A version that cannot start stops itself; the old one keeps serving (S24)",
  async play({ live, setting, say, type, watch, requesting, check }) {
    say(
      "There is no such image. The rollout gets stuck with its first Pods, and after progressDeadlineSeconds " +
        `(${setting.progressDeadlineSeconds} here) the Deployment says so, for people and for pipelines.`,
    );
    const measurement = measure(live, "test");
    const seen = await requesting("test", async () => {
      await type("kubectl set image deployment/test web=nginx:no-such-version");
      await type(
        'kubectl annotate deployment/test kubernetes.io/change-cause="an image that is not there" --overwrite',
      );
      await watch(
        ["test"],
        "the Deployment gave up at its progress deadline",
        () => conditionOf(live.deployments.get("test"), "Progressing")?.reason === "ProgressDeadlineExceeded",
      );
    });
    const { fewestReady } = measurement.stop();
    const pods = await type("kubectl get pods -l app=test");
    const status = await type("kubectl rollout status deployment/test");
    check(
      "`rollout status` says so and exits with 1",
      status.code === 1 && /exceeded its progress deadline/.test(status.stderr),
    );
    check(`the old version served all the while (fewest ready: ${fewestReady})`, fewestReady >= REPLICAS - 1);
    const available = conditionOf(live.deployments.get("test"), "Available");
    check("the Deployment is still Available", available?.status === "True");
    if (seen) {
      check("its Pods say why: ErrImagePull, ImagePullBackOff", /ErrImagePull|ImagePullBackOff/.test(pods.stdout));
      check("no request failed", seen.failed.length === 0);
    }
  },
};

export const rollBack: Step = {
  title: "Back to a version of your choice (S25)",
  async play({ live, say, type, watch, requesting, check }) {
    say("Like a snapshot: the ReplicaSet of revision 1 is still there, so nothing is made anew, it only grows again.");
    const first = versionsOf(live, "test").find(({ revision }) => revision === 1)?.name;
    const seen = await requesting("test", async () => {
      await type("kubectl rollout undo deployment/test --to-revision=1");
      await watch(["test"], "nginx is back", () => {
        const running = versionsOf(live, "test").filter(({ desired }) => desired > 0);
        return running.length === 1 && running[0]!.image === "nginx:1.29" && isRolledOut(live, "test");
      });
    });
    const { stdout } = await type("kubectl rollout history deployment/test");
    const now = versionsOf(live, "test").find(({ desired }) => desired > 0);
    check(`the same ReplicaSet serves again: ${now?.name}`, now?.name === first && first !== undefined);
    check(
      "its revision 1 became revision 4",
      now?.revision === 4 && /^4 +the first version: nginx$/m.test(stdout) && !/^1 /m.test(stdout),
    );
    if (seen) check("no request failed", seen.failed.length === 0);
  },
};
