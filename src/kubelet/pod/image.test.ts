import assert from "node:assert/strict";
import { test } from "node:test";
import { createVirtualClock } from "#base";
import type { Pod, Secret } from "#objects";
import type { RegistryCredentials } from "../images/docker-config.ts";
import type { Runtime } from "../runtime.ts";
import type { Happening } from "./happening.ts";
import { ensureImage } from "./image.ts";
import { newView, transition } from "./transition.ts";

const pod: Pod = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "web", namespace: "default", uid: "1" },
  spec: {
    containers: [{ name: "web", image: "registry.test:5000/team/app:1" }],
    imagePullSecrets: [{ name: "here" }, { name: "gone" }],
  },
};
const auths = { "registry.test:5000/team": { auth: btoa("ann:secret") }, "other.test": { auth: btoa("bob:x") } };
const here = (data: string): Secret => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: "here" },
  type: "kubernetes.io/dockerconfigjson",
  data: { ".dockerconfigjson": btoa(data) },
});

async function pull(secret: Secret) {
  const happened: Happening[] = [];
  const tried: (readonly RegistryCredentials[])[] = [];
  const runtime: Pick<Runtime, "imageId" | "pullImage"> = {
    imageId: () => Promise.resolve(undefined),
    pullImage(_image, _pod, credentials) {
      tried.push(credentials);
      return Promise.resolve({ id: "sha256:1", bytes: 1 });
    },
  };
  const outcome = await ensureImage(pod, pod.spec!.containers[0]!, {
    runtime,
    podSources: () => ({ secret: (name) => Promise.resolve(name === "here" ? secret : undefined) }),
    clock: createVirtualClock(),
    dispatch: (happening) => happened.push(happening),
  });
  return { outcome, happened, tried };
}

test("an image is pulled with the credentials that match it; a missing Secret is reported by an Event", async () => {
  const { outcome, happened, tried } = await pull(here(JSON.stringify({ auths })));
  assert.equal(outcome, "pulled");
  assert.deepEqual(tried, [[{ username: "ann", password: "secret" }]]);
  const told = happened.flatMap((happening) => transition(newView(pod, 0, { volumes: false }), happening, 0).events);
  assert.deepEqual(
    told.filter(({ level }) => level === "Warning"),
    [
      {
        level: "Warning",
        reason: "FailedToRetrieveImagePullSecret",
        message: "Unable to retrieve some image pull secrets (gone); attempting to pull the image may not succeed.",
      },
    ],
  );
});

test("a present image is pulled again for a pod that may not use it, and absent for a pod that may not pull", async () => {
  for (const [policy, may, expected] of [
    ["IfNotPresent", true, "present"],
    ["IfNotPresent", false, "pulled"],
    ["Always", true, "pulled"],
    ["Never", true, "present"],
    ["Never", false, "failed"],
  ] as const) {
    const happened: Happening[] = [];
    const taken = { username: "ann", password: "secret" };
    const asked: unknown[] = [];
    const outcome = await ensureImage(
      pod,
      { ...pod.spec!.containers[0]!, imagePullPolicy: policy },
      {
        runtime: {
          imageId: () => Promise.resolve("sha256:1"),
          pullImage: () => Promise.resolve({ id: "sha256:1", bytes: 1, credentials: taken }),
          pullRecords: {
            async mayUse(...[id, , credentials]) {
              asked.push(id, await credentials());
              return may;
            },
            pulled: (...call) => Promise.resolve(void asked.push(call)),
          },
        },
        podSources: () => ({ secret: () => Promise.resolve(here(JSON.stringify({ auths }))) }),
        clock: createVirtualClock(),
        dispatch: (happening) => happened.push(happening),
      },
    );
    assert.equal(outcome, expected, `${policy} ${may}`);
    const looked = policy === "Always" ? [] : ["sha256:1", [taken]];
    const image = pod.spec!.containers[0]!.image;
    assert.deepEqual(asked, expected === "pulled" ? [...looked, ["sha256:1", image, taken]] : looked);
    if (expected === "failed") assert.match(JSON.stringify(happened.at(-1)), /ErrImageNeverPull/);
  }
});

test("the runtime is not asked for a name that is none", async () => {
  const happened: Happening[] = [];
  const outcome = await ensureImage(
    pod,
    { name: "web", image: "Nginx" },
    {
      runtime: { imageId: () => assert.fail("asked"), pullImage: () => assert.fail("asked") },
      podSources: () => undefined,
      clock: createVirtualClock(),
      dispatch: (happening) => happened.push(happening),
    },
  );
  const why = "invalid reference format: repository name (library/Nginx) must be lowercase";
  const message = `Failed to apply default image tag "Nginx": couldn't parse image name "Nginx": ${why}`;
  assert.equal(outcome, "failed");
  assert.deepEqual(happened, [{ type: "image-failed", name: "web", failure: { reason: "InvalidImageName", message } }]);
});

test("a Secret that cannot be read fails the pull", async () => {
  const { outcome, happened, tried } = await pull(here('{"auths": {"registry.test:5000": {"auth": "bm8="}}}'));
  assert.equal(outcome, "failed");
  assert.deepEqual(tried, []);
  assert.deepEqual(happened.at(-1), {
    type: "image-failed",
    name: "web",
    failure: {
      reason: "ErrImagePull",
      message: "unable to parse auth field, must be formatted as base64(username:password)",
    },
  });
});
