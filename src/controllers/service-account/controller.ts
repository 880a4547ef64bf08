import { hasReason, NAMESPACES, SERVICE_ACCOUNTS } from "#objects";
import { allow } from "../framework/access.ts";
import { defineController, syncByPlan, type ControllerDefinition } from "../framework/definition.ts";
import { isNamespaceTerminating } from "../framework/pod-control.ts";
import { itself, watch } from "../framework/watch.ts";
import { DEFAULT_ACCOUNT, planAccount, type AccountView } from "./plan.ts";

/** Sees to it that every namespace has its service account `default`. */
export const serviceAccountController: ControllerDefinition = defineController({
  name: "serviceaccount-controller",
  watches: [
    watch(NAMESPACES, itself),
    watch(SERVICE_ACCOUNTS, ({ type, object }) =>
      type === "deleted" && object.metadata.name === DEFAULT_ACCOUNT ? object.metadata.namespace : undefined,
    ),
  ],
  writes: [allow(SERVICE_ACCOUNTS, "create")],
  start: () =>
    syncByPlan({
      look(name, { caches }): AccountView | undefined {
        const namespace = caches.of(NAMESPACES).get(name);
        return namespace && { namespace, hasAccount: caches.of(SERVICE_ACCOUNTS).has(`${name}/${DEFAULT_ACCOUNT}`) };
      },
      plan: planAccount,
      async apply({ account }, { client }) {
        try {
          await client.create(SERVICE_ACCOUNTS, account);
        } catch (error) {
          // Another client was first, or nothing is left to do.
          if (!hasReason(error, "AlreadyExists", "NotFound") && !isNamespaceTerminating(error)) throw error;
        }
      },
    }),
});
