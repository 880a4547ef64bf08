import { CALL_MS } from "../cri/services.ts";
import { ownLabels, type OwnedCri } from "./context.ts";
import { unlessGone } from "./ids.ts";

/** What containerd tells of a sandbox beside its status: how CNI has plugged it in. Absent for the node's network. */
interface SandboxInfo {
  readonly cniResult?: {
    readonly Interfaces?: Readonly<Record<string, { readonly Sandbox?: string } | null>> | null;
  } | null;
}

/** The links on this machine that lead into pods: the ends of their cables that a bridge holds. */
export async function hostLinks({ cri, options }: OwnedCri): Promise<ReadonlySet<string>> {
  const filter = { labelSelector: ownLabels(options), state: { state: "SANDBOX_READY" as const } };
  const { items } = await cri.call("RuntimeService.ListPodSandbox", { filter }, { timeoutMs: CALL_MS });
  const links = new Set<string>();
  for (const { id } of items) {
    const request = { podSandboxId: id, verbose: true };
    const found = await unlessGone(cri.call("RuntimeService.PodSandboxStatus", request, { timeoutMs: CALL_MS }));
    for (const link of linksIn(found?.info["info"] ?? "{}")) links.add(link);
  }
  return links;
}

/** Of a sandbox's information the interfaces that are in no sandbox: the bridge is one of them. */
export function linksIn(info: string): readonly string[] {
  const { cniResult } = JSON.parse(info) as SandboxInfo;
  return Object.entries(cniResult?.Interfaces ?? {}).flatMap(([name, found]) => (found?.Sandbox ? [] : [name]));
}
