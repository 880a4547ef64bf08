import { sleep, type Clock, type Random } from "#base";
import type { Client } from "#client";
import {
  hasReason,
  SERVICE_ACCOUNTS,
  type Draft,
  type Pod,
  type ServiceAccount,
  type Volume,
  type VolumeMount,
} from "#objects";
import { forbid, type AdmissionAttributes, type AdmissionPlugin } from "../contract.ts";
import { isPod, podOf } from "./pods.ts";

const TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount";
const VOLUME = "kube-api-access";
/** An hour, and a little that tells a token made here from one that was asked for (upstream). */
const TOKEN_SECONDS = 3607;
const ENFORCE = "kubernetes.io/enforce-mountable-secrets";
export const MIRROR_POD = "kubernetes.io/config.mirror";

/**
 * Every pod runs as a service account that exists, and gets its token mounted
 * (plugin/pkg/admission/serviceaccount).
 */
export function serviceAccount(client: Client, clock: Clock, random: Random): AdmissionPlugin {
  const lookUp = async (attributes: AdmissionAttributes, pod: Draft<Pod>): Promise<ServiceAccount> => {
    const { namespace } = attributes;
    const name = pod.spec?.serviceAccountName ?? "";
    // The default one is made by a controller shortly after its namespace.
    const attempts = name === "default" ? 10 : 1;
    const pause = 100 + random.int(100);
    for (let attempt = 1; ; attempt++) {
      try {
        return await client.get(SERVICE_ACCOUNTS, { namespace, name });
      } catch (error) {
        if (!hasReason(error, "NotFound")) throw error;
        if (attempt < attempts) await sleep(clock, pause);
        else {
          const detail = `error looking up service account ${namespace}/${name}: serviceaccount ${JSON.stringify(name)} not found`;
          throw forbid(attributes, pod, detail);
        }
      }
    }
  };

  return {
    name: "ServiceAccount",
    handles: (attributes) =>
      isPod(attributes) &&
      (attributes.subresource === ""
        ? attributes.operation === "CREATE"
        : attributes.subresource === "ephemeralcontainers" && attributes.operation === "UPDATE"),
    async mutate(draft, _old, attributes) {
      const pod = podOf(draft);
      if (attributes.operation !== "CREATE" || pod.metadata.annotations?.[MIRROR_POD] !== undefined) return;
      const spec = (pod.spec ??= {} as NonNullable<Draft<Pod>["spec"]>);
      spec.serviceAccountName ||= "default";
      spec.serviceAccount = spec.serviceAccountName;
      const account = await lookUp(attributes, pod);
      if (spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true) mountToken(spec, random);
      if (!spec.imagePullSecrets?.length && account.imagePullSecrets?.length) {
        spec.imagePullSecrets = account.imagePullSecrets.map(({ name }) => (name === undefined ? {} : { name }));
      }
    },
    async validate(object, _old, attributes) {
      const pod = podOf(object!);
      if (pod.metadata.annotations?.[MIRROR_POD] !== undefined) {
        const reason = mirrorProblem(pod);
        if (reason && attributes.operation === "CREATE") throw forbid(attributes, pod as Pod, reason);
        return;
      }
      if (!pod.spec?.serviceAccountName) {
        throw forbid(
          attributes,
          pod as Pod,
          `no service account specified for pod ${attributes.namespace}/${pod.metadata.name ?? ""}`,
        );
      }
      const account = await lookUp(attributes, pod);
      if (!/^(1|t|true)$/i.test(account.metadata.annotations?.[ENFORCE] ?? "")) return;
      const problem = secretProblem(pod, account, attributes.operation === "UPDATE");
      if (problem) throw forbid(attributes, pod as Pod, problem);
    },
  };
}

function mountToken(spec: NonNullable<Draft<Pod>["spec"]>, random: Random): void {
  const existing = spec.volumes?.find(({ name }) => name.startsWith(`${VOLUME}-`));
  const name = existing?.name ?? `${VOLUME}-${random.suffix(5)}`;
  let needed = false;
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])]) {
    if (container.volumeMounts?.some(({ mountPath }) => mountPath === TOKEN_PATH)) continue;
    const mount: Draft<VolumeMount> = { name, readOnly: true, mountPath: TOKEN_PATH };
    (container.volumeMounts ??= []).push(mount);
    needed = true;
  }
  if (needed && !existing) (spec.volumes ??= []).push(tokenVolume(name));
}

const tokenVolume = (name: string): Draft<Volume> => ({
  name,
  projected: {
    defaultMode: 0o644,
    sources: [
      { serviceAccountToken: { expirationSeconds: TOKEN_SECONDS, path: "token" } },
      { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
      {
        downwardAPI: {
          items: [{ path: "namespace", fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" } }],
        },
      },
    ],
  },
});

/** What a mirror of a node's own pod may not refer to. */
function mirrorProblem({ spec }: Draft<Pod>): string | undefined {
  if (spec?.serviceAccountName) return "a mirror pod may not reference service accounts";
  const containers = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])];
  const usesSecret =
    spec?.imagePullSecrets?.length ||
    spec?.volumes?.some(({ secret }) => secret) ||
    containers.some(
      ({ env, envFrom }) =>
        env?.some(({ valueFrom }) => valueFrom?.secretKeyRef) || envFrom?.some((from) => from.secretRef),
    );
  if (usesSecret) return "a mirror pod may not reference secrets";
  const usesToken = spec?.volumes?.some(({ projected }) => projected?.sources?.some((one) => one.serviceAccountToken));
  return usesToken ? "a mirror pod may not use ServiceAccountToken volume projections" : undefined;
}

/** The first secret that a pod uses though its account does not list it. */
function secretProblem({ spec }: Draft<Pod>, account: ServiceAccount, ephemeralOnly: boolean): string | undefined {
  const allowed = new Set(account.secrets?.map(({ name }) => name));
  const end = `is not allowed because service account ${account.metadata.name} does not reference that secret`;
  const inContainers = (
    kind: string,
    containers: readonly Pick<NonNullable<Draft<Pod>["spec"]>["containers"][number], "name" | "env" | "envFrom">[] = [],
  ): string | undefined => {
    for (const { name, env = [], envFrom = [] } of containers) {
      for (const { name: variable, valueFrom } of env) {
        const secret = valueFrom?.secretKeyRef?.name;
        if (secret !== undefined && !allowed.has(secret)) {
          return `${kind} ${name} with envVar ${variable} referencing secret.secretName="${secret}" ${end}`;
        }
      }
      for (const { secretRef } of envFrom) {
        if (secretRef && !allowed.has(secretRef.name)) {
          return `${kind} ${name} with envFrom referencing secret.secretName="${secretRef.name ?? ""}" ${end}`;
        }
      }
    }
    return undefined;
  };
  if (ephemeralOnly) return inContainers("ephemeral container", spec?.ephemeralContainers);
  for (const { secret } of spec?.volumes ?? []) {
    if (secret && !allowed.has(secret.secretName)) {
      return `volume with secret.secretName="${secret.secretName ?? ""}" ${end}`;
    }
  }
  const found = inContainers("init container", spec?.initContainers) ?? inContainers("container", spec?.containers);
  if (found) return found;
  const pull = new Set(account.imagePullSecrets?.map(({ name }) => name));
  const index = (spec?.imagePullSecrets ?? []).findIndex(({ name }) => !pull.has(name));
  if (index < 0) return undefined;
  const { name = "" } = spec!.imagePullSecrets![index]!;
  return `imagePullSecrets[${index}].name="${name}" is not allowed because service account ${account.metadata.name} does not reference that imagePullSecret`;
}
