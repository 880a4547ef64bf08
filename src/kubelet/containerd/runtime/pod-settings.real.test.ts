import assert from "node:assert/strict";
import { it } from "node:test";
import { describeInside } from "../testing/inside.ts";
import { useContainerWorld } from "../testing/use-world.ts";
import { BUSYBOX, podOf } from "../testing/world.ts";

await describeInside("containerd", import.meta.filename, () => {
  const world = useContainerWorld("10.201.0.0/24");
  const { start, logOf } = world;

  it("runs in the node's network where the pod wants it", async () => {
    // The bridge of pods is there since the first of them.
    const neighbour = podOf();
    await world.runtime.createSandbox(neighbour, 0);
    const pod = podOf({ hostNetwork: true, hostAliases: [{ ip: "192.0.2.7", hostnames: ["seven"] }] });
    const { sandbox, container } = await start(pod, "ip link show knarr0 && cat /etc/hosts");
    assert.deepEqual(sandbox.ips, ["192.0.2.1"]);
    await container.exited;
    const text = await logOf(container.id);
    assert.match(text, /knarr0/);
    assert.match(text, /^# Kubernetes-managed hosts file \(host network\)\.$/m);
    assert.match(text, /^192\.0\.2\.7\tseven$/m);
    for (const done of [pod, neighbour]) await world.runtime.removePod(done);
  });

  it("mounts what is in an image", async () => {
    const pod = podOf();
    const sandbox = await world.runtime.createSandbox(pod, 0);
    const image = (await world.runtime.imageId(BUSYBOX))!;
    const mount = { image, readOnly: true, propagation: "None" } as const;
    const mounts = [
      { ...mount, containerPath: "/whole", hostPath: "" },
      { ...mount, containerPath: "/part", hostPath: "etc" },
    ];
    const container = await world.run(pod, sandbox, "cat /part/passwd; echo x >/whole/x; echo $?", { mounts });
    await container.exited;
    const text = await logOf(container.id);
    assert.match(text, /^root:x:0:0/m);
    assert.match(text, /Read-only file system/);
    await world.runtime.removePod(pod);
  });

  it("shares processes where the pod wants it; the sandbox's program takes care of orphans", async () => {
    const pod = podOf({ shareProcessNamespace: true });
    const { container } = await start(pod, "(sleep 0.3 &) ; sleep 0.6; ps -o pid,stat,args; sleep 0.1");
    await container.exited;
    const text = await logOf(container.id);
    assert.match(text, /^\s+1 S\s+\/pause$/m);
    assert.doesNotMatch(text, / Z/);
    await world.runtime.removePod(pod);
  });

  it("lets an ephemeral container see the processes of its target", async () => {
    const pod = podOf();
    const { sandbox, container } = await start(pod, "exec sleep 1234");
    const debug = { name: "debug", image: BUSYBOX, targetContainerName: "main" };
    const other = await world.run(pod, sandbox, "ps -o args", { container: debug });
    await other.exited;
    assert.match(await logOf(other.id), /^sleep 1234$/m);
    const lost = { name: "lost", image: BUSYBOX, targetContainerName: "absent" };
    await assert.rejects(world.run(pod, sandbox, "true", { container: lost }), {
      reason: "CreateContainerConfigError",
      message: "unable to find target container absent",
    });
    await world.runtime.stopContainer(container.id, 1);
    await world.runtime.removePod(pod);
  });

  it("runs as the users that the pod names, with what they may do", async () => {
    const pod = podOf(
      { securityContext: { runAsUser: 1000, runAsGroup: 2000, fsGroup: 3000, supplementalGroups: [4000] } },
      {
        securityContext: {
          readOnlyRootFilesystem: true,
          allowPrivilegeEscalation: false,
          capabilities: { drop: ["ALL"] },
        },
      },
    );
    const { container } = await start(pod, "id; echo x >/file; cat /proc/self/status");
    await container.exited;
    const text = await logOf(container.id);
    assert.match(text, /^uid=1000 gid=2000 groups=2000,3000,4000$/m);
    assert.match(text, /can't create \/file: Read-only file system/);
    assert.match(text, /^NoNewPrivs:\s+1$/m);
    assert.match(text, /^CapEff:\s+0+$/m);
    await world.runtime.removePod(pod);
  });
});
