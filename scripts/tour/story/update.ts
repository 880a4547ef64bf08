import type { Deployment } from "#objects";
import { measure } from "../../../test/support/rollout/measure.ts";
import type { Step } from "../stage.ts";
import { isRolledOut, versionsOf } from "../../../test/support/rollout/versions.ts";
import { REPLICAS } from "./deploy.ts";

export const update: Step = {
  title: "Another file of the same name updates it: nginx becomes httpd (S20, S21, S24)",
  async play({ live, say, file, deployment, type, watch, requesting, check }) {
    await file("httpd.yaml", deployment({ image: "httpd:2.4", replicas: REPLICAS }));
    say(
      "Only the image differs. A second ReplicaSet grows while the first one shrinks: at most 25 % of four more Pods " +
        "than asked for, at most 25 % fewer available. No client notices.",
    );
    await type('kubectl annotate deployment/test kubernetes.io/change-cause="the first version: nginx"');
    const uid = live.deployments.get("test")?.metadata.uid;
    const measurement = measure(live, "test");
    const seen = await requesting("test", async () => {
      await type("kubectl apply -f httpd.yaml --record");
      await watch(["test"], "httpd took over", () => {
        const image = versionsOf(live, "test").findLast(({ desired }) => desired > 0)?.image;
        return image === "httpd:2.4" && isRolledOut(live, "test");
      });
    });
    const { fewestReady, mostPods } = measurement.stop();
    check(`never fewer than 3 Pods served (seen: ${fewestReady})`, fewestReady >= REPLICAS - 1);
    check(`never more than 5 Pods were there (seen: ${mostPods})`, mostPods <= REPLICAS + 1);
    const same = live.deployments.get("test")?.metadata.uid === uid;
    check("it is still the same Deployment, with two ReplicaSets", same && versionsOf(live, "test").length === 2);
    if (seen) {
      check(`no request failed of ${seen.sent}`, seen.failed.length === 0);
      check("nginx answered first and httpd at the end", seen.bodies.size === 2);
    }
  },
};

export const history: Step = {
  title: "Every version stays on record (S18, S19)",
  async play({ live, say, type, read, check }) {
    say(
      "A revision is a ReplicaSet that was kept, one to one. --record is deprecated but still works: it puts the command " +
        "into the annotation kubernetes.io/change-cause, which you may as well set yourself.",
    );
    const { stdout } = await type("kubectl rollout history deployment/test");
    check("revision 1 shows the cause that was annotated", /^1 +the first version: nginx$/m.test(stdout));
    check(
      "revision 2 shows the command that --record noted",
      /^2 +kubectl apply .*httpd\.yaml.*--record/m.test(stdout),
    );
    const revision = await type("kubectl rollout history deployment/test --revision=1");
    check("revision 1 remembers its template", /Image:\s+nginx:1\.29/.test(revision.stdout));
    await type(
      "kubectl get replicasets -o custom-columns=REVISION:.metadata.annotations.deployment\\.kubernetes\\.io/revision,NAME:.metadata.name,IMAGE:.spec.template.spec.containers[0].image",
    );
    const revisions = versionsOf(live, "test").map((version) => `${version.revision} ${version.image}`);
    check("revisions and ReplicaSets correspond", revisions.join() === "1 nginx:1.29,2 httpd:2.4");
    const { metadata } = await read<Deployment>("get deployment test");
    const current = metadata.annotations?.["deployment.kubernetes.io/revision"];
    check("the Deployment is at revision 2", current === "2");
  },
};
