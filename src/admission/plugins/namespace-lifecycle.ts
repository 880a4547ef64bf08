import type { Client } from "#client";
import { NAMESPACES, hasReason, notFoundError, forbiddenError } from "#objects";
import { forbid, type AdmissionPlugin } from "../contract.ts";

/** Namespaces without which a cluster does not work. */
const IMMORTAL = new Set(["default", "kube-system", "kube-public"]);

/**
 * Nothing is made in a namespace that does not exist or is going away, and the system's own namespaces stay
 * (apiserver admission/plugin/namespace/lifecycle).
 */
export function namespaceLifecycle(client: Client): AdmissionPlugin {
  return {
    name: "NamespaceLifecycle",
    handles: ({ operation }) => operation !== "CONNECT",
    async mutate(draft, _old, attributes) {
      const { operation, namespace } = attributes;
      if (operation === "DELETE" || !namespace || isNamespace(attributes)) return;
      const found = await client.get(NAMESPACES, { namespace: "", name: namespace }).catch((error: unknown) => {
        if (hasReason(error, "NotFound")) throw notFoundError({ group: "", resource: "namespaces" }, namespace);
        throw error;
      });
      if (operation !== "CREATE" || found.status?.phase !== "Terminating") return;
      throw forbid(
        attributes,
        draft,
        `unable to create new content in namespace ${namespace} because it is being terminated`,
        [
          {
            reason: "NamespaceTerminating",
            message: `namespace ${namespace} is being terminated`,
            field: "metadata.namespace",
          },
        ],
      );
    },
    validate(_object, _old, attributes) {
      const { operation, name } = attributes;
      if (operation !== "DELETE" || !isNamespace(attributes) || !IMMORTAL.has(name)) return;
      throw forbiddenError({ group: "", resource: "namespaces" }, name, "this namespace may not be deleted");
    },
  };
}

const isNamespace = ({ group, resource }: { readonly group: string; readonly resource: string }) =>
  group === "" && resource === "namespaces";
