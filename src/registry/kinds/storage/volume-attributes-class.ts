import { forbidden, required, sameJson, type VolumeAttributesClass } from "#objects";
import { AGE, defaultedName, text } from "../common/columns.ts";
import { define, served } from "../common/define.ts";
import { csiDriverNameErrors } from "../core/volume-sources.ts";
import { parameterErrors } from "./storage-class.ts";

export const volumeAttributesClasses = define<VolumeAttributesClass>({
  group: "storage.k8s.io",
  resource: "volumeattributesclasses",
  singular: "volumeattributesclass",
  kind: "VolumeAttributesClass",
  shortNames: ["vac"],
  namespaced: false,
  storageVersion: "v1",
  versions: [served("storage", "v1", "VolumeAttributesClass"), served("storage", "v1beta1", "VolumeAttributesClass")],
  returnsDeletedObject: true,
  validate: ({ driverName, parameters = {} }) => [
    ...csiDriverNameErrors("driverName", driverName ?? ""),
    ...(Object.keys(parameters).length === 0
      ? [required("parameters", "must contain at least one key/value pair")]
      : parameterErrors(parameters)),
  ],
  validateUpdate: (object, old) =>
    (["driverName", "parameters"] as const)
      .filter((field) => !sameJson(object[field], old[field]))
      .map((field) => forbidden(field, `updates to ${field} are forbidden.`)),
  columns: [
    text("Name", (object) => defaultedName(object, "storageclass.kubernetes.io/is-default-class"), { format: "name" }),
    text("DriverName", ({ driverName }) => driverName),
    AGE,
  ],
});
