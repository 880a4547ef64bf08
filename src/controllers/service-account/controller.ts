import {
  CONFIG_MAPS,
  hasReason,
  NAMESPACES,
  SERVICE_ACCOUNTS,
  type ConfigMap,
  type Namespace,
  type New,
  type ServiceAccount,
} from "#objects";
import { allow } from "../framework/access.ts";
import { defineController, type ControllerDefinition } from "../framework/definition.ts";
import { itself, watch } from "../framework/watch.ts";

const isLive = (namespace: Namespace | undefined) => namespace !== undefined && !namespace.metadata.deletionTimestamp;

/** A concurrent creation, or a namespace that went meanwhile, is as good as done. */
async function unlessThereOrGone(request: Promise<unknown>): Promise<void> {
  try {
    await request;
  } catch (error) {
    if (!hasReason(error, "AlreadyExists", "NotFound", "Forbidden")) throw error;
  }
}

/** Sees to it that every namespace has its service account `default`. */
export const serviceAccountController: ControllerDefinition = defineController({
  name: "serviceaccount-controller",
  watches: [
    watch(NAMESPACES, itself),
    watch(SERVICE_ACCOUNTS, ({ type, object }) =>
      type === "deleted" && object.metadata.name === "default" ? object.metadata.namespace : undefined,
    ),
  ],
  writes: [allow(SERVICE_ACCOUNTS, "create")],
  start:
    () =>
    async (name, { caches, client }) => {
      if (!isLive(caches.of(NAMESPACES).get(name)) || caches.of(SERVICE_ACCOUNTS).has(`${name}/default`)) return;
      const account: New<ServiceAccount> = { metadata: { name: "default", namespace: name } };
      await unlessThereOrGone(client.create(SERVICE_ACCOUNTS, account));
    },
});

const ROOT_CA = "kube-root-ca.crt";

/** Keeps the cluster's certificate authority (PEM) in the ConfigMap `kube-root-ca.crt` of every namespace. */
export function rootCaPublisher(authority: string): ControllerDefinition {
  const data = { "ca.crt": authority };
  return defineController({
    name: "root-ca-certificate-publisher",
    watches: [
      watch(NAMESPACES, itself),
      watch(CONFIG_MAPS, ({ object }) => (object.metadata.name === ROOT_CA ? object.metadata.namespace : undefined)),
    ],
    writes: [allow(CONFIG_MAPS, "create", "update")],
    start:
      () =>
      async (name, { caches, client }) => {
        if (!isLive(caches.of(NAMESPACES).get(name))) return;
        const present = caches.of(CONFIG_MAPS).get(`${name}/${ROOT_CA}`);
        if (!present) {
          const published: New<ConfigMap> = {
            metadata: {
              name: ROOT_CA,
              namespace: name,
              annotations: {
                "kubernetes.io/description":
                  "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.",
              },
            },
            data,
          };
          await unlessThereOrGone(client.create(CONFIG_MAPS, published));
        } else if (Object.keys(present.data ?? {}).length !== 1 || present.data?.["ca.crt"] !== authority) {
          await client.update(CONFIG_MAPS, { ...present, data });
        }
      },
  });
}
