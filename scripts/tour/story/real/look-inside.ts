import type { Step } from "../../stage.ts";

export const lookInside: Step = {
  title: "Looking inside: logs and exec",
  async play({ live, say, type, check }) {
    say("What a container writes is its log: nginx tells who asked for what.");
    const logs = await type("kubectl logs deployment/test --tail=4");
    check("nginx's access log is there", /"GET \/\S* HTTP\/1\.1" 200/.test(logs.stdout));
    const [pod] = [...live.pods.keys()];
    say("exec runs a program in the container: there nginx is all there is, and the machine has the Pod's name.");
    const { stdout } = await type(`kubectl exec ${pod} -- sh -c "hostname; ps -o pid,args"`);
    check("the host is named as the Pod", stdout.startsWith(`${pod}\n`));
    check("nginx is process 1", /^ *1 nginx: master process/m.test(stdout));
    const { code } = await type(`kubectl exec ${pod} -- sh -c "exit 3"`);
    check("its exit code comes through: 3", code === 3);
  },
};
