import type { Job } from "#objects";
import { podsOf } from "../pods-view.ts";
import type { Step } from "../stage.ts";

/** A Job of containers that write a line and end. */
const manifest = (name: string, spec: string, command: string, restartPolicy = "Never") => `apiVersion: batch/v1
kind: Job
metadata:
  name: ${name}
spec:
${spec}
  template:
    metadata:
      labels: {app: ${name}}
    spec:
      restartPolicy: ${restartPolicy}
      terminationGracePeriodSeconds: 1
      containers:
        - name: main
          image: busybox:1.36
          command: [sh, -c, "${command}"]
`;

const CRON = `apiVersion: batch/v1
kind: CronJob
metadata:
  name: nightly
spec:
  schedule: "30 2 * * *"
  timeZone: Europe/Berlin
  jobTemplate:
    spec:
      template:
        metadata:
          labels: {app: nightly}
        spec:
          restartPolicy: Never
          containers:
            - name: main
              image: busybox:1.36
              command: [sh, -c, "echo done; sleep 1"]
`;

const hasCondition = ({ status }: Job, type: string) =>
  status?.conditions?.some((condition) => condition.type === type && condition.status === "True") ?? false;

const complete: Step = {
  title: "A Job runs Pods until enough of them have succeeded",
  async play(stage) {
    const { live, say, file, type, read, wait, watchPods, check } = stage;
    await file("pi.yaml", manifest("pi", "  completions: 6\n  parallelism: 2", "echo 3.14; sleep 1"));
    let most = 0;
    const stop = live.onChange(() => {
      const running = podsOf(live, "pi").filter(
        ({ status }) => status?.phase === "Running" || status?.phase === "Pending",
      );
      most = Math.max(most, running.length);
    });
    say("Six have to succeed, two at a time.");
    await type("kubectl apply -f pi.yaml");
    await watchPods("pi", "six Pods have succeeded", () => {
      const succeeded = podsOf(live, "pi").filter(({ status }) => status?.phase === "Succeeded");
      return succeeded.length === 6;
    });
    stop();
    await wait("the Job is complete", async () => hasCondition(await read<Job>("get job pi"), "Complete"));
    await type("kubectl get job pi");
    check("never more than two at once", most === 2);
    const { status } = await read<Job>("get job pi");
    check("it has counted six, exactly", status?.succeeded === 6 && (status.failed ?? 0) === 0);
  },
};

const failing: Step = {
  title: "One that fails is tried again, later and later, until backoffLimit",
  async play({ say, file, type, read, wait, check }) {
    await file("broken.yaml", manifest("broken", "  backoffLimit: 1", "echo no; exit 3"));
    await type("kubectl apply -f broken.yaml");
    say("The first repetition comes after ten seconds, the next one after twenty.");
    await wait("the Job has failed", async () => hasCondition(await read<Job>("get job broken"), "Failed"));
    const { status } = await read<Job>("get job broken");
    const failed = status?.conditions?.find((condition) => condition.type === "Failed");
    await type("kubectl get pods -l app=broken");
    check("two Pods were tried", status?.failed === 2);
    check(`the reason is ${failed?.reason}`, failed?.reason === "BackoffLimitExceeded");
  },
};

const indexed: Step = {
  title: "Indexed: each Pod knows which part of the work is its own",
  async play({ live, file, type, read, wait, check }) {
    await file(
      "parts.yaml",
      manifest(
        "parts",
        "  completionMode: Indexed\n  completions: 3\n  parallelism: 3",
        "echo part $JOB_COMPLETION_INDEX; sleep 1",
      ),
    );
    await type("kubectl apply -f parts.yaml");
    await wait("all parts are done", async () => hasCondition(await read<Job>("get job parts"), "Complete"));
    const { status } = await read<Job>("get job parts");
    check("the indexes 0 to 2 are complete", status?.completedIndexes === "0-2");
    await type("kubectl get pods -l app=parts");
    const hosts = podsOf(live, "parts").map(({ spec }) => spec?.hostname);
    check("their host names carry the index", hosts.join(" ") === "parts-0 parts-1 parts-2");
  },
};

const cron: Step = {
  title: "A CronJob makes Jobs by the clock, in its own time zone",
  async play({ say, file, type, read, wait, check }) {
    await file("nightly.yaml", CRON);
    await type("kubectl apply -f nightly.yaml");
    await type("kubectl get cronjob nightly");
    say("Nothing to see until half past two. A Job of it can be had at once:");
    await type("kubectl create job --from=cronjob/nightly by-hand");
    await wait("it is complete", async () => hasCondition(await read<Job>("get job by-hand"), "Complete"));
    const { metadata } = await read<Job>("get job by-hand");
    check("it belongs to the CronJob", metadata.ownerReferences?.[0]?.name === "nightly");
    await type("kubectl delete cronjob nightly");
  },
};

const cleanUp: Step = {
  title: "What is finished goes away by itself, if asked to",
  async play({ file, type, look, wait }) {
    await file("brief.yaml", manifest("brief", "  ttlSecondsAfterFinished: 1", "echo hello"));
    await type("kubectl apply -f brief.yaml");
    await wait("the Job and its Pod are gone", async () => {
      const { stdout } = await look("kubectl get jobs,pods -l batch.kubernetes.io/job-name=brief -o name");
      const job = await look("kubectl get job brief");
      return stdout.trim() === "" && job.code !== 0;
    });
  },
};

/** Work that has an end. */
export const jobs: readonly Step[] = [complete, failing, indexed, cron, cleanUp];
