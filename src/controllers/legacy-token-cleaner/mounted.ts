import type { Pod } from "#objects";

type PodSpec = NonNullable<Pod["spec"]>;
type Volume = NonNullable<PodSpec["volumes"]>[number];

/** The names of the Secrets that a pod names, however it does so (upstream VisitPodSecretNames). */
export function secretNamesOf({ spec }: Pod): ReadonlySet<string> {
  const names = new Set<string>();
  const add = (name: string | undefined) => void (name && names.add(name));
  for (const { name } of spec?.imagePullSecrets ?? []) add(name);
  const containers = [
    ...(spec?.initContainers ?? []),
    ...(spec?.containers ?? []),
    ...(spec?.ephemeralContainers ?? []),
  ];
  for (const { env = [], envFrom = [] } of containers) {
    for (const { secretRef } of envFrom) add(secretRef?.name);
    for (const { valueFrom } of env) add(valueFrom?.secretKeyRef?.name);
  }
  for (const volume of spec?.volumes ?? []) volumeSecrets(volume).forEach(add);
  return names;
}

const volumeSecrets = (volume: Volume): readonly (string | undefined)[] => [
  volume.azureFile?.secretName,
  volume.secret?.secretName,
  volume.cephfs?.secretRef?.name,
  volume.cinder?.secretRef?.name,
  volume.flexVolume?.secretRef?.name,
  volume.iscsi?.secretRef?.name,
  volume.rbd?.secretRef?.name,
  volume.scaleIO?.secretRef?.name,
  volume.storageos?.secretRef?.name,
  volume.csi?.nodePublishSecretRef?.name,
  ...(volume.projected?.sources ?? []).map(({ secret }) => secret?.name),
];
