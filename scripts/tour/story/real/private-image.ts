import type { Pod } from "#objects";
import type { Step } from "../../stage.ts";

/** A registry that gives its image only to clients that know the password. */
export interface PrivateRegistry {
  readonly host: string;
  readonly image: string;
  readonly username: string;
  readonly password: string;
}

const manifest = (image: string) => `apiVersion: v1
kind: Pod
metadata:
  name: app
spec:
  containers:
    - name: main
      image: ${image}
  imagePullSecrets:
    - name: registry
`;

const waitingReason = (pod: Pod) => pod.status?.containerStatuses?.[0]?.state?.waiting?.reason ?? "";

export const privateImage = ({ host, image, username, password }: PrivateRegistry): Step => ({
  title: "A private registry, and a Namespace of a team's own (S3, S11)",
  async play({ say, file, type, read, wait, check }) {
    say("The image is in a registry with a password. The Pod names the Secret with it, which is not there yet.");
    await type("kubectl create namespace team");
    await file("app.yaml", manifest(image));
    await type("kubectl apply -n team -f app.yaml");
    await wait("without the password it cannot be pulled", async () =>
      ["ErrImagePull", "ImagePullBackOff"].includes(waitingReason(await read<Pod>("get pod app -n team"))),
    );
    await type("kubectl get pods -n team");
    await type("kubectl delete -n team pod app");
    await type(
      `kubectl create secret docker-registry registry -n team --docker-server=${host} --docker-username=${username} --docker-password=${password}`,
    );
    await type("kubectl apply -n team -f app.yaml");
    const ready = await type("kubectl wait -n team --for=condition=Ready pod/app --timeout=60s");
    check("with it the Pod runs", ready.code === 0);
    const { stdout } = await type("kubectl describe pod app -n team");
    check("its Events tell how it came about", /Scheduled[^]*Pulled[^]*Created[^]*Started/.test(stdout));
    const elsewhere = await type("kubectl get pod app");
    check("in another Namespace there is no such Pod", elsewhere.code === 1 && elsewhere.stderr.includes("NotFound"));
    await type("kubectl delete namespace team --wait=false");
  },
});
