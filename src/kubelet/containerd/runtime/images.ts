import { messageOf, type Clock } from "#base";
import {
  createPullQueue,
  requestedImageName,
  RuntimeError,
  type NodeImage,
  type PulledImage,
  type RegistryCredentials,
} from "#kubelet";
import { GrpcError } from "#wire/grpc";
import type { Image } from "../cri/messages.ts";
import { CALL_MS, type Cri } from "../cri/services.ts";
import type { ImageUser } from "../config/security.ts";
import { textOf } from "./ids.ts";
import type { ContainerdRuntimeOptions } from "./options.ts";

export interface Images {
  id(image: string): Promise<string | undefined>;
  /** Tries the credentials in turn. */
  pull(image: string, credentials: readonly RegistryCredentials[]): Promise<PulledImage>;
  all(): readonly NodeImage[];
  /** Looks anew at what is there. */
  refresh(): Promise<void>;
  /** What a container is made of; undefined when it is not on the node. */
  describe(image: string): Promise<{ readonly id: string; readonly user: ImageUser } | undefined>;
}

/** Registries may take their time, but not longer than this for one image. */
const PULL_MS = 3_600_000;

/** The images of the node. */
export function createImages(
  cri: Cri,
  clock: Clock,
  { maxParallelPulls = 5 }: Pick<ContainerdRuntimeOptions, "maxParallelPulls">,
): Images {
  let known: readonly NodeImage[] = [];
  const queue = createPullQueue<RegistryCredentials | undefined>(maxParallelPulls);

  const find = async (image: string): Promise<Image | undefined> => {
    const request = { image: { image: requestedImageName(image) } };
    const { image: found } = await cri.call("ImageService.ImageStatus", request, { timeoutMs: CALL_MS });
    return found ?? undefined;
  };
  const refresh = async () => {
    const { images } = await cri.call("ImageService.ListImages", {}, { timeoutMs: CALL_MS });
    known = images.map(({ repoDigests, repoTags, size }) => ({ names: [...repoDigests, ...repoTags], bytes: size }));
  };
  const attempt = async (name: string, auth: RegistryCredentials | undefined): Promise<void> => {
    const request = { image: { image: name }, ...(auth ? { auth } : {}) };
    await cri.call("ImageService.PullImage", request, { timeoutMs: PULL_MS });
  };

  return {
    refresh,
    all: () => known,
    async id(image) {
      const found = await find(image);
      return found && publicName(found);
    },
    async describe(image) {
      const found = await find(image);
      return found && { id: found.id, user: userOf(found) };
    },
    async pull(image, credentials) {
      const name = requestedImageName(image);
      const taken = await queue.run(JSON.stringify([name, credentials]), async () => {
        const failures: unknown[] = [];
        for (const auth of credentials.length > 0 ? credentials : [undefined]) {
          try {
            await attempt(name, auth);
            return auth;
          } catch (error) {
            failures.push(error);
          }
        }
        throw pullError(name, failures);
      });
      const found = await find(image);
      if (!found)
        throw new RuntimeError("ErrImagePull", `image ${JSON.stringify(name)} is gone as soon as it was pulled`);
      await refresh();
      return { id: publicName(found), bytes: found.size, ...(taken ? { credentials: taken } : {}) };
    },
  };
}

/** As statuses show it: by its digest, where it came from a registry. */
const publicName = ({ id, repoDigests }: Image): string => repoDigests[0] ?? id;

/** Nothing said: root. */
function userOf({ uid, username }: Image): ImageUser {
  if (uid) return { uid: uid.value };
  return username ? { name: username } : { uid: 0 };
}

/** Problems that have a reason of their own (upstream evalCRIPullErr). */
const KNOWN_PROBLEMS: readonly (readonly [reason: string, text: string])[] = [
  ["RegistryUnavailable", "the registry is unavailable"],
  ["SignatureValidationFailed", "the signature validation failed"],
];

/** Why an image could not be pulled, as upstream words it. */
export function pullError(image: string, failures: readonly unknown[]): RuntimeError {
  const texts = [...new Set(failures.map(pullText))];
  const text = texts.length === 1 ? texts[0]! : `[${texts.join(", ")}]`;
  for (const [reason, words] of KNOWN_PROBLEMS) {
    if (text.startsWith(reason)) {
      return new RuntimeError(reason, `image pull failed for ${image} because ${words}${text.slice(reason.length)}`);
    }
  }
  return new RuntimeError("ErrImagePull", text);
}

/** A code that says nothing is left out (upstream cri-client PullImage). */
const pullText = (error: unknown): string =>
  error instanceof GrpcError && error.code === "Unknown" ? messageOf(error) : textOf(error);
