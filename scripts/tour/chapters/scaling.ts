import type { V2HorizontalPodAutoscaler } from "#objects";
import type { Step } from "../stage.ts";

/** Simulated containers use what their Pods say; real ones use what they use. */
const container = (answers: boolean) =>
  answers
    ? `image: busybox:1.36
          command: [sh, -c, "while true; do :; done"]
          resources: {requests: {cpu: 10m}, limits: {cpu: 50m}}`
    : `image: nginx:1.29
          resources: {requests: {cpu: 100m}}`;

const manifest = (answers: boolean) => `apiVersion: apps/v1
kind: Deployment
metadata:
  name: busy
spec:
  replicas: 1
  selector:
    matchLabels: {app: busy}
  template:
    metadata:
      labels: {app: busy}
${answers ? "" : "      annotations: {simulated.knarr.dev/cpu: 200m}\n"}    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: main
          ${container(answers)}
`;

/** A Pod counts once there are figures of it since it became ready. */
const PATIENCE_MS = 150_000;

const grows: Step = {
  title: "A HorizontalPodAutoscaler adds Pods when they use too much",
  async play({ answers, say, file, type, read, wait, check }) {
    await file("busy.yaml", manifest(answers));
    await type("kubectl apply -f busy.yaml");
    say(
      "Each Pod uses more than it asked for. The autoscaler wants half of what was asked for, with three Pods at most.",
    );
    await type("kubectl autoscale deployment busy --cpu=50% --min=1 --max=3");
    say("It looks every fifteen seconds, at the figures that kubectl top shows.");
    const seen = async () => (await read<V2HorizontalPodAutoscaler>("get hpa busy")).status;
    await wait("there are three Pods", async () => (await seen())?.currentReplicas === 3, PATIENCE_MS);
    await type("kubectl get hpa busy");
    await type("kubectl describe hpa busy");
    const status = await seen();
    const limited = status?.conditions?.find((condition) => condition.type === "ScalingLimited");
    check("it wanted more, and says that it may not", limited?.reason === "TooManyReplicas");
  },
};

/** As many Pods as the work needs. */
export const scaling: readonly Step[] = [grows];
