import { required, type DeviceClass } from "#objects";
import { present } from "../common/checks.ts";
import { AGE } from "../common/columns.ts";
import { define, served } from "../common/define.ts";
import { selectorErrors } from "./claim-spec.ts";

export const deviceClasses = define<DeviceClass>({
  group: "resource.k8s.io",
  resource: "deviceclasses",
  singular: "deviceclass",
  kind: "DeviceClass",
  namespaced: false,
  storageVersion: "v1",
  versions: ["v1", "v1beta2", "v1beta1"].map((version) => served("resource", version, "DeviceClass")),
  hasGeneration: true,
  validate: ({ spec }) => [
    ...selectorErrors("spec.selectors", spec?.selectors),
    ...(spec?.config ?? []).flatMap(({ opaque }, i) =>
      opaque ? present(`spec.config[${i}].opaque.driver`, opaque.driver) : [required(`spec.config[${i}].opaque`)],
    ),
  ],
  columns: [AGE],
});
