import type { AdmissionAttributes, AdmissionChain } from "#admission";
import type { KubeObject } from "#objects";
import type { Admission } from "#registry";
import { attributesOfOperation, authorize } from "./authorize.ts";
import type { ServerContext } from "./server-context.ts";
import type { Operation } from "./operation.ts";
import { namingOf } from "./target.ts";

/**
 * The admission hooks of a write. Whether it creates or updates is known once the old object is. An update or a patch
 * that turns out to create needs leave for that, too, before its object is validated (upstream withAuthorization).
 */
export function admissionOf(context: ServerContext, operation: Operation, dryRun: boolean): Admission | undefined {
  const { admission: chain, authorizer } = context;
  const mayCreate = operation.verb !== "create";
  if (chain.plugins.length === 0 && !mayCreate) return undefined;
  const name = "name" in operation ? (operation.name ?? "") : "";
  const creating = attributesOf(operation, "CREATE", name, dryRun);
  const updating = attributesOf(operation, "UPDATE", name, dryRun);
  return {
    mutate: (draft, old) => chain.mutate(draft, old, old ? updating : creating),
    async validate(object, old) {
      if (!old && mayCreate) await authorize(authorizer, attributesOfOperation(operation, "create"));
      await chain.validate(object, old, old ? updating : creating);
    },
  };
}

/** What is asked before an object is deleted. */
export function deletionAdmissionOf(
  chain: AdmissionChain,
  operation: Operation,
  dryRun: boolean,
): ((old: KubeObject) => Promise<void>) | undefined {
  if (chain.plugins.length === 0) return undefined;
  return (old) => chain.validate(undefined, old, attributesOf(operation, "DELETE", old.metadata.name ?? "", dryRun));
}

/** The attributes of an operation as plugins see them. */
export function attributesOf(
  operation: Operation,
  as: AdmissionAttributes["operation"],
  name: string,
  dryRun: boolean,
): AdmissionAttributes {
  const { target, user, warn } = operation;
  const { definition } = target.resource;
  const { group } = namingOf(target);
  return {
    operation: as,
    group,
    version: target.version.version,
    kind: definition.kind,
    resource: definition.resource,
    subresource: operation.subresource ?? "",
    namespace: operation.namespace,
    name,
    dryRun,
    user,
    warn,
  };
}
