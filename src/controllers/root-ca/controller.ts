import { CONFIG_MAPS, hasReason, NAMESPACES } from "#objects";
import { allow } from "../framework/access.ts";
import { defineController, syncByPlan, type ControllerDefinition } from "../framework/definition.ts";
import { isNamespaceTerminating } from "../framework/pod-control.ts";
import { itself, watch } from "../framework/watch.ts";
import { planRootCa, ROOT_CA, type RootCaView } from "./plan.ts";

/** Keeps the cluster's certificate authority (PEM) in the ConfigMap `kube-root-ca.crt` of every namespace. */
export function rootCaPublisher(authority: string): ControllerDefinition {
  return defineController({
    name: "root-ca-certificate-publisher",
    watches: [
      watch(NAMESPACES, itself),
      watch(CONFIG_MAPS, ({ object }) => (object.metadata.name === ROOT_CA ? object.metadata.namespace : undefined)),
    ],
    writes: [allow(CONFIG_MAPS, "create", "update")],
    start: () =>
      syncByPlan({
        look(name, { caches }): RootCaView | undefined {
          const namespace = caches.of(NAMESPACES).get(name);
          return namespace && { namespace, published: caches.of(CONFIG_MAPS).get(`${name}/${ROOT_CA}`), authority };
        },
        plan: planRootCa,
        async apply(step, { client }) {
          if (step.type === "update") await client.update(CONFIG_MAPS, step.configMap);
          else {
            try {
              await client.create(CONFIG_MAPS, step.configMap);
            } catch (error) {
              // The watch shows in a moment what another client made. A namespace that is gone needs none.
              if (!hasReason(error, "AlreadyExists", "NotFound") && !isNamespaceTerminating(error)) throw error;
            }
          }
        },
      }),
  });
}
