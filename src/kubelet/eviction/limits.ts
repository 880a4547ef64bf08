import { canonicalQuantity, goQuote, isSidecar, parseQuantity, quantityValue, type Pod } from "#objects";
import { diskOf, NO_DISK, type PodConsumption } from "./consumption.ts";
import { amountText } from "./message.ts";

const STORAGE = "ephemeral-storage";
const bytesOf = (quantity: string | number): number => quantityValue(parseQuantity(quantity));

/** Whether anything on disk of the pod is bounded, so that it has to be measured. */
export const hasDiskLimits = ({ spec }: Pod): boolean =>
  (spec?.volumes ?? []).some(({ emptyDir }) => emptyDir?.sizeLimit !== undefined && emptyDir.medium !== "Memory") ||
  [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].some(
    ({ resources }) => resources?.limits?.[STORAGE] !== undefined,
  );

/**
 * Which of its own limits on disk a pod is over, in upstream's words (localStorageEviction); undefined when none.
 * `imagesApart`: what containers write over their images is not on the node's disk.
 */
export function exceededLimit(pod: Pod, used: PodConsumption, imagesApart: boolean): string | undefined {
  return overVolume(pod, used) ?? overPod(pod, used, imagesApart) ?? overContainer(pod, used, imagesApart);
}

function overVolume({ spec }: Pod, { volumes }: PodConsumption): string | undefined {
  for (const { name, emptyDir } of spec?.volumes ?? []) {
    const limit = emptyDir?.sizeLimit;
    if (limit === undefined || bytesOf(limit) <= 0) continue;
    if ((volumes.get(name)?.bytes ?? 0) > bytesOf(limit))
      return `Usage of EmptyDir volume ${goQuote(name)} exceeds the limit ${goQuote(canonicalQuantity(limit))}. `;
  }
  return undefined;
}

function overPod(pod: Pod, used: PodConsumption, imagesApart: boolean): string | undefined {
  const limit = podStorageLimit(pod);
  if (limit === undefined || diskOf(used, { rootfs: !imagesApart, own: true }).bytes <= limit) return undefined;
  return `Pod ephemeral local storage usage exceeds the total limit of containers ${amountText(STORAGE, limit)}. `;
}

/** What containers may use together (upstream PodLimits); undefined when none is bounded. */
function podStorageLimit({ spec }: Pod): number | undefined {
  const limitOf = ({ resources }: { readonly resources?: { readonly limits?: Readonly<Record<string, string>> } }) =>
    resources?.limits?.[STORAGE] === undefined ? undefined : bytesOf(resources.limits[STORAGE]);
  const inits = spec?.initContainers ?? [];
  const together = [...(spec?.containers ?? []), ...inits.filter(isSidecar)].map(limitOf);
  const alone = inits.filter((container) => !isSidecar(container)).map(limitOf);
  if ([...together, ...alone].every((limit) => limit === undefined)) return undefined;
  return Math.max(
    together.reduce<number>((sum, limit = 0) => sum + limit, 0),
    ...alone.map((limit = 0) => limit),
  );
}

function overContainer({ spec }: Pod, { containers }: PodConsumption, imagesApart: boolean): string | undefined {
  for (const { name, rootfs = NO_DISK, logs } of containers) {
    const limit = spec?.containers.find((container) => container.name === name)?.resources?.limits?.[STORAGE];
    if (limit === undefined || bytesOf(limit) === 0) continue;
    if (logs.bytes + (imagesApart ? 0 : rootfs.bytes) > bytesOf(limit))
      return `Container ${name} exceeded its local ephemeral storage limit ${goQuote(canonicalQuantity(limit))}. `;
  }
  return undefined;
}
