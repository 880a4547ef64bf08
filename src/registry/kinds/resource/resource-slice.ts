import {
  dnsLabel,
  dnsSubdomain,
  duplicate,
  invalid,
  required,
  tooMany,
  type Device,
  type FieldError,
  type ResourceSlice,
} from "#objects";
import { present, unchanged } from "../common/checks.ts";
import { AGE, text } from "../common/columns.ts";
import { converted, define, served } from "../common/define.ts";
import { nodeSelectorErrors } from "../common/node-selector.ts";
import { sliceFromBeta1, sliceToBeta1 } from "./convert.ts";

const MAX_DEVICES = 128;
const WHERE = ["nodeName", "nodeSelector", "allNodes", "perDeviceNodeSelection"] as const;

/** Exactly one way to say where the devices are. */
function placeErrors({ spec }: ResourceSlice): FieldError[] {
  const given = WHERE.filter((field) => spec[field]);
  const names = WHERE.map((field) => `\`${field}\``).join(", ");
  if (given.length === 0) return [required("spec", `exactly one of ${names} is required`)];
  if (given.length > 1) {
    const shown = `{${given.map((field) => `\`${field}\``).join(", ")}}`;
    return [invalid("spec", shown, `exactly one of ${names} is required, but multiple fields are set`)];
  }
  const errors = spec.nodeName ? present("spec.nodeName", spec.nodeName, (name) => dnsSubdomain(name)) : [];
  return spec.nodeSelector ? [...errors, ...nodeSelectorErrors("spec.nodeSelector", spec.nodeSelector)] : errors;
}

function deviceErrors(devices: readonly Device[]): FieldError[] {
  if (devices.length > MAX_DEVICES) return [tooMany("spec.devices", devices.length, MAX_DEVICES)];
  const names = new Set<string>();
  return devices.flatMap(({ name }, i) => {
    const field = `spec.devices[${i}].name`;
    const errors = present(field, name, (value) => dnsLabel(value));
    if (names.has(name)) errors.push(duplicate(field, name));
    names.add(name);
    return errors;
  });
}

function validate(slice: ResourceSlice): FieldError[] {
  const { spec } = slice;
  if (!spec) return [required("spec")];
  const errors = present("spec.driver", spec.driver, (name) => dnsSubdomain(name));
  errors.push(...present("spec.pool.name", spec.pool?.name));
  if ((spec.pool?.resourceSliceCount ?? 0) <= 0) {
    errors.push(
      invalid("spec.pool.resourceSliceCount", spec.pool?.resourceSliceCount ?? 0, "must be greater than zero"),
    );
  }
  if ((spec.pool?.generation ?? 0) < 0) {
    errors.push(invalid("spec.pool.generation", spec.pool.generation, "must be greater than or equal to zero"));
  }
  return [...errors, ...placeErrors(slice), ...deviceErrors(spec.devices ?? [])];
}

export const resourceSlices = define<ResourceSlice>({
  group: "resource.k8s.io",
  resource: "resourceslices",
  singular: "resourceslice",
  kind: "ResourceSlice",
  namespaced: false,
  storageVersion: "v1",
  versions: [
    served("resource", "v1", "ResourceSlice"),
    served("resource", "v1beta2", "ResourceSlice"),
    served("resource", "v1beta1", "ResourceSlice", converted(sliceToBeta1, sliceFromBeta1)),
  ],
  hasGeneration: true,
  validate,
  validateUpdate: ({ spec }, { spec: old }) => [
    ...unchanged("spec.nodeName", spec.nodeName, old.nodeName),
    ...unchanged("spec.driver", spec.driver, old.driver),
    ...unchanged("spec.pool.name", spec.pool.name, old.pool.name),
  ],
  selectableFields: { "spec.nodeName": ({ spec }) => spec.nodeName ?? "", "spec.driver": ({ spec }) => spec.driver },
  columns: [
    text("Node", ({ spec }) => spec.nodeName ?? ""),
    text("Driver", ({ spec }) => spec.driver),
    text("Pool", ({ spec }) => spec.pool.name),
    AGE,
  ],
});
