import {
  compareQuantities,
  dnsSubdomain,
  invalid,
  quantityOf,
  validateLabelSelector,
  type CSIStorageCapacity,
  type FieldError,
} from "#objects";
import { each, unchanged } from "../common/checks.ts";
import { text } from "../common/columns.ts";
import { define, served } from "../common/define.ts";
import { nodeLabelsInSelector } from "../core/pod/node-labels.ts";
import { quantity } from "../common/quantities.ts";

function sizeErrors(field: string, value: string | undefined): FieldError[] {
  const amount = quantity(value);
  return amount && compareQuantities(amount, quantityOf(0)) < 0
    ? [invalid(field, value, "must be greater than or equal to 0")]
    : [];
}

export const csiStorageCapacities = define<CSIStorageCapacity>({
  group: "storage.k8s.io",
  resource: "csistoragecapacities",
  singular: "csistoragecapacity",
  kind: "CSIStorageCapacity",
  listKind: "CSIStorageCapacityList",
  namespaced: true,
  storageVersion: "v1",
  versions: [served("storage", "v1", "CSIStorageCapacity")],
  warnings: ({ nodeTopology }) => nodeLabelsInSelector(nodeTopology, "nodeTopology"),
  validate: ({ nodeTopology, storageClassName = "", capacity, maximumVolumeSize }) => [
    ...validateLabelSelector(nodeTopology, "nodeTopology"),
    ...each("storageClassName", storageClassName, dnsSubdomain(storageClassName)),
    ...sizeErrors("capacity", capacity),
    ...sizeErrors("maximumVolumeSize", maximumVolumeSize),
  ],
  validateUpdate: (object, old) => [
    ...unchanged("nodeTopology", object.nodeTopology, old.nodeTopology),
    ...unchanged("storageClassName", object.storageClassName, old.storageClassName),
  ],
  columns: [
    text("StorageClassName", ({ storageClassName }) => storageClassName),
    text("Capacity", ({ capacity }) => capacity ?? "<unset>"),
  ],
});
