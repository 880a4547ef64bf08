import type { Client } from "#client";
import { hasReason, NODES, type AnyDraft, type Binding, type Draft, type Node } from "#objects";
import type { AdmissionPlugin } from "../contract.ts";
import { isPod, podOf } from "./pods.ts";

/** What a pod gets to know of the place of its node. */
const LABELS = ["topology.kubernetes.io/zone", "topology.kubernetes.io/region"];

/** A pod has the zone and region of its node as labels, from its binding on (plugin/pkg/admission/podtopologylabels). */
export function podTopologyLabels(client: Client): AdmissionPlugin {
  const copyTo = async (draft: AnyDraft, nodeName: string) => {
    const node = await nodeOf(client, nodeName);
    for (const key of LABELS) {
      const value = node?.metadata.labels?.[key];
      if (value !== undefined) (draft.metadata.labels ??= {})[key] = value;
    }
  };
  return {
    name: "PodTopologyLabels",
    handles: (attributes) =>
      isPod(attributes) &&
      attributes.operation === "CREATE" &&
      (attributes.subresource === "" || attributes.subresource === "binding"),
    async mutate(draft, _, { subresource }) {
      if (subresource === "binding") {
        const { target } = draft as unknown as Draft<Binding>;
        if (target?.kind === "Node" && target.name) await copyTo(draft, target.name);
        return;
      }
      const { nodeName } = podOf(draft).spec ?? {};
      if (nodeName) await copyTo(draft, nodeName);
    },
  };
}

/** Undefined: there is no such node. */
export async function nodeOf(client: Client, name: string): Promise<Node | undefined> {
  try {
    return await client.get(NODES, { namespace: "", name });
  } catch (error) {
    if (hasReason(error, "NotFound")) return undefined;
    throw error;
  }
}
