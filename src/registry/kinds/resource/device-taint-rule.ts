import {
  dnsSubdomain,
  formatTime,
  labelValue,
  parseTime,
  qualifiedName,
  required,
  type FieldError,
  type V1beta2DeviceTaintRule,
} from "#objects";
import { each, present, requiredOneOf } from "../common/checks.ts";
import { AGE, since, text } from "../common/columns.ts";
import { define, served } from "../common/define.ts";
import { CLIENT_METADATA } from "../../definition.ts";

type Rule = V1beta2DeviceTaintRule;

function validate({ spec }: Rule): FieldError[] {
  const taint = spec?.taint;
  if (!taint) return [required("spec.taint")];
  const driver = spec.deviceSelector?.driver;
  const value = taint.value ?? "";
  return [
    ...(driver ? each("spec.deviceSelector.driver", driver, dnsSubdomain(driver)) : []),
    ...present("spec.taint.key", taint.key, qualifiedName),
    ...each("spec.taint.value", value, labelValue(value)),
    ...requiredOneOf("spec.taint.effect", taint.effect, ["NoExecute", "NoSchedule", "None"]),
  ];
}

export const deviceTaintRules = define<Rule>({
  group: "resource.k8s.io",
  resource: "devicetaintrules",
  singular: "devicetaintrule",
  kind: "DeviceTaintRule",
  namespaced: false,
  storageVersion: "v1beta2",
  versions: [served("resource", "v1beta2", "DeviceTaintRule"), served("resource", "v1alpha3", "DeviceTaintRule")],
  hasStatus: true,
  statusResetFields: CLIENT_METADATA,
  hasGeneration: true,
  applyDefaults(draft) {
    draft.status ??= {};
  },
  prepareForCreate(draft, { now }) {
    draft.status = {};
    const taint = draft.spec?.taint;
    if (taint && parseTime(taint.timeAdded ?? "") === undefined) taint.timeAdded = formatTime(now);
  },
  validate,
  columns: [
    text("Key", ({ spec }) => spec.taint.key),
    text("Value", ({ spec }) => spec.taint.value ?? ""),
    text("Effect", ({ spec }) => spec.taint.effect),
    text("TimeAdded", ({ spec }, now) => since(spec.taint.timeAdded, now)),
    AGE,
  ],
});
