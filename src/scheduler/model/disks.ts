import type { Pod, Volume } from "#objects";

/** Whether it is a disk that pods on one node cannot always share. */
export const isDisk = ({ gcePersistentDisk, awsElasticBlockStore, iscsi, rbd }: Volume): boolean =>
  Boolean(gcePersistentDisk ?? awsElasticBlockStore ?? iscsi ?? rbd);

/** Whether both are the same disk and not both only read it (upstream isVolumeConflict). */
function disksConflict(a: Volume, b: Volume): boolean {
  const written = (one: { readonly readOnly?: boolean }, other: { readonly readOnly?: boolean }) =>
    !(one.readOnly && other.readOnly);
  const { gcePersistentDisk: gce, awsElasticBlockStore: aws, iscsi, rbd } = a;
  const { gcePersistentDisk: otherGce, awsElasticBlockStore: otherAws, iscsi: otherIscsi, rbd: otherRbd } = b;
  if (gce && otherGce && gce.pdName === otherGce.pdName && written(gce, otherGce)) return true;
  if (aws && otherAws && aws.volumeID === otherAws.volumeID) return true;
  if (iscsi && otherIscsi && iscsi.iqn === otherIscsi.iqn && written(iscsi, otherIscsi)) return true;
  if (!rbd || !otherRbd) return false;
  const sameImage = (rbd.pool ?? "rbd") === (otherRbd.pool ?? "rbd") && rbd.image === otherRbd.image;
  return sameImage && rbd.monitors.some((one) => otherRbd.monitors.includes(one)) && written(rbd, otherRbd);
}

/** Whether two pods on one node would take the same disk. */
export const podsConflict = (disks: readonly Volume[], { spec }: Pod): boolean =>
  disks.some((disk) => spec?.volumes?.some((other) => disksConflict(disk, other)) ?? false);
