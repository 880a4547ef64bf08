import { badRequest, conflict, notFoundError, type KubeObject } from "#objects";
import type { ServiceAccountTokensOptions } from "./contract.ts";

/** What a token is to die with. */
export interface BoundObjectRef {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly name?: string;
  readonly uid?: string;
}

type Find = Pick<ServiceAccountTokensOptions, "find">;

/** What a token names of what it is bound to. */
interface Claim {
  readonly name: string;
  readonly uid?: string | undefined;
}

interface PodObject extends KubeObject {
  readonly spec?: { readonly serviceAccountName?: string; readonly nodeName?: string };
}

const RESOURCES: Readonly<Record<string, string>> = { Pod: "pods", Node: "nodes", Secret: "secrets" };

/**
 * The claims of a token that dies with a Pod, a Node or a Secret; that of a Pod names its node, too. Throws a StatusError
 * in upstream's words (pkg/registry/core/serviceaccount/storage/token.go).
 */
export async function bound(
  account: KubeObject,
  { apiVersion = "", kind = "", name = "", uid }: BoundObjectRef,
  { find }: Find,
): Promise<Readonly<Record<string, Claim>>> {
  const { namespace = "", name: accountName = "" } = account.metadata;
  const resource = apiVersion.includes("/") ? undefined : RESOURCES[kind];
  if (resource === undefined) {
    const [group, version] = apiVersion.includes("/") ? apiVersion.split("/") : ["", apiVersion];
    throw badRequest(`cannot bind token to object of type ${group}/${version}, Kind=${kind}`);
  }
  if (name === "") throw badRequest("Name parameter required.");
  const object = await find(resource, { namespace: kind === "Node" ? "" : namespace, name });
  if (!object) throw notFoundError({ group: "", resource }, name);
  const { spec = {} } = kind === "Pod" ? (object as PodObject) : {};
  if (kind === "Pod" && spec.serviceAccountName !== accountName) {
    const shown = JSON.stringify(accountName);
    throw badRequest(
      `cannot bind token for serviceaccount ${shown} to pod running with different serviceaccount name.`,
    );
  }
  if (uid && uid !== object.metadata.uid) {
    const detail = `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`;
    throw conflict({ group: "", resource: kind }, name, detail);
  }
  return {
    [kind.toLowerCase()]: { name, uid: object.metadata.uid },
    ...(spec.nodeName ? { node: await nodeClaim(spec.nodeName, { find }) } : {}),
  };
}

/** The node of a Pod; only its name where it is gone. */
async function nodeClaim(name: string, { find }: Find): Promise<Claim> {
  const node = await find("nodes", { namespace: "", name });
  return node ? { name, uid: node.metadata.uid } : { name };
}
