import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { systemClock } from "#base";
import { GrpcError } from "#wire/grpc";
import { answerProblem, connectContainerd, knockProblem, statusProblem } from "./given.ts";

describe("a containerd that is given", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "knarr-given-"));
  });
  after(() => rm(folder, { recursive: true }));

  it("is refused where there is no socket, or no listener behind it", async () => {
    const none = join(folder, "none.sock");
    await assert.rejects(
      connectContainerd(none, systemClock),
      new Error(`there is no containerd at ${none}: no such socket`),
    );
    const file = join(folder, "file");
    await writeFile(file, "");
    await assert.rejects(
      connectContainerd(file, systemClock),
      new Error(`no process listens at ${file}: is containerd running?`),
    );
    assert.equal(knockProblem("/s", "EACCES"), "no permission to use the containerd at /s");
    assert.equal(knockProblem("/s", "EMFILE"), "the containerd at /s cannot be reached: EMFILE");
  });

  it("is not one of another make", async () => {
    const socket = join(folder, "docker.sock");
    const server = createServer((_, response) => response.end("I speak HTTP/1.1"));
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    await assert.rejects(connectContainerd(socket, systemClock), {
      message: new RegExp(`^what listens at ${socket} does not answer as a containerd: `),
    });
    server.close();
    assert.match(
      answerProblem("/s", new GrpcError("Unimplemented", "unknown service")),
      /^the containerd at \/s has no CRI v1: take "cri" out of disabled_plugins/,
    );
    assert.equal(answerProblem("/s", new GrpcError("DeadlineExceeded", "")), "the containerd at /s does not answer");
  });

  it("has to be well, have a network, and make its cgroups itself", () => {
    const condition = (type: string, status: boolean, message = "") => ({ type, status, reason: "Because", message });
    const config = (systemd: boolean) => ({
      config: JSON.stringify({
        containerd: { defaultRuntimeName: "runc", runtimes: { runc: { options: { SystemdCgroup: systemd } } } },
      }),
    });
    const status = (network: boolean, info: Record<string, string> = {}) => ({
      status: {
        conditions: [condition("RuntimeReady", true), condition("NetworkReady", network, "cni plugin not initialized")],
      },
      info,
    });
    assert.equal(statusProblem(status(true)), undefined);
    assert.equal(statusProblem(status(true, config(false))), undefined);
    assert.equal(
      statusProblem(status(false)),
      "has no network for pods (see docs/containers.md): cni plugin not initialized",
    );
    assert.match(statusProblem(status(true, config(true)))!, /set SystemdCgroup = false/);
    assert.equal(
      statusProblem({ status: { conditions: [condition("RuntimeReady", false)] }, info: {} }),
      "is not ready: Because",
    );
  });
});
