import {
  dnsLabel,
  forbidden,
  invalid,
  notSupported,
  pathSegmentName,
  quantitySign,
  required,
  type FieldError,
  type V2MetricIdentifier,
  type V2MetricSpec,
  type V2MetricTarget,
} from "#objects";
import { each } from "../common/checks.ts";
import { quantity } from "../common/quantities.ts";
import { containerResourceNameErrors } from "../common/resource-names.ts";
import { validateReference } from "./reference.ts";

/** The field that holds the source of each type. */
const FIELDS = {
  Object: "object",
  External: "external",
  Pods: "pods",
  Resource: "resource",
  ContainerResource: "containerResource",
} as const;

type Field = (typeof FIELDS)[keyof typeof FIELDS];

/** One metric of an autoscaler. Source: upstream pkg/apis/autoscaling/validation validateMetricSpec. */
export function validateMetric(metric: V2MetricSpec, path: string): FieldError[] {
  const { type } = metric;
  const errors: FieldError[] = [];
  if (!type) errors.push(required(`${path}.type`, "must specify a metric source type"));
  const expected: Field | undefined = Object.hasOwn(FIELDS, type ?? "")
    ? FIELDS[type as keyof typeof FIELDS]
    : undefined;
  if (!expected) errors.push(notSupported(`${path}.type`, type ?? "", Object.keys(FIELDS)));
  const present = Object.values(FIELDS).filter((field) => metric[field] !== undefined);
  if (present[0]) errors.push(...validateSource(metric, present[0], `${path}.${present[0]}`));
  if (expected && !present.includes(expected)) {
    errors.push(required(`${path}.${expected}`, "must populate information for the given metric source"));
  }
  if (present.length !== 1) {
    for (const field of present) {
      if (field !== expected) errors.push(forbidden(`${path}.${field}`, "must populate the given metric source only"));
    }
  }
  return errors;
}

function validateSource(metric: V2MetricSpec, field: Field, path: string): FieldError[] {
  switch (field) {
    case "object": {
      const { describedObject, metric: identifier, target } = metric.object!;
      return [
        ...validateReference(describedObject, `${path}.describedObject`),
        ...validateIdentifier(identifier, `${path}.metric`),
        ...validateTarget(target, `${path}.target`),
        ...validateEither(target, `${path}.target`, "must set either a target value or averageValue"),
      ];
    }
    case "external": {
      const { metric: identifier, target } = metric.external!;
      return [
        ...validateIdentifier(identifier, `${path}.metric`),
        ...validateTarget(target, `${path}.target`),
        ...validateEither(target, `${path}.target`, "must set either a target value for metric or a per-pod target"),
        ...(target?.value !== undefined && target.averageValue !== undefined
          ? [forbidden(`${path}.target.value`, "may not set both a target value for metric and a per-pod target")]
          : []),
      ];
    }
    case "pods": {
      const { metric: identifier, target } = metric.pods!;
      return [
        ...validateIdentifier(identifier, `${path}.metric`),
        ...validateTarget(target, `${path}.target`),
        ...(target?.averageValue === undefined
          ? [required(`${path}.target.averageValue`, "must specify a positive target averageValue")]
          : []),
      ];
    }
    case "resource":
      return validateResource(metric.resource!, path);
    case "containerResource": {
      const { name, container } = metric.containerResource!;
      const [missing, others] = splitFirst(validateResource(metric.containerResource!, path), name ? 0 : 1);
      return [
        ...missing,
        ...(name ? containerResourceNameErrors(`${path}.name`, name) : []),
        ...(container
          ? each(`${path}.container`, container, dnsLabel(container))
          : [required(`${path}.container`, "must specify a container")]),
        ...others,
      ];
    }
  }
}

function validateIdentifier(identifier: V2MetricIdentifier | undefined, path: string): FieldError[] {
  const name = identifier?.name ?? "";
  return name
    ? each(`${path}.name`, name, pathSegmentName(name))
    : [required(`${path}.name`, "must specify a metric name")];
}

function validateEither(target: V2MetricTarget | undefined, path: string, detail: string): FieldError[] {
  return target?.value === undefined && target?.averageValue === undefined
    ? [required(`${path}.averageValue`, detail)]
    : [];
}

function validateResource(
  { name, target }: { readonly name: string; readonly target?: V2MetricTarget },
  path: string,
): FieldError[] {
  const errors = [
    ...(name ? [] : [required(`${path}.name`, "must specify a resource name")]),
    ...validateTarget(target, `${path}.target`),
  ];
  const { averageUtilization, averageValue } = target ?? {};
  if (averageUtilization === undefined && averageValue === undefined) {
    const detail = "must set either a target raw value or a target utilization";
    errors.push(required(`${path}.target.averageUtilization`, detail));
  }
  if (averageUtilization !== undefined && averageValue !== undefined) {
    const detail = "may not set both a target raw value and a target utilization";
    errors.push(forbidden(`${path}.target.averageValue`, detail));
  }
  return errors;
}

const splitFirst = (errors: readonly FieldError[], count: number) =>
  [errors.slice(0, count), errors.slice(count)] as const;

const TARGET_TYPES = ["Utilization", "Value", "AverageValue"];

function validateTarget(target: V2MetricTarget | undefined, path: string): FieldError[] {
  const { type, value, averageValue, averageUtilization } = target ?? {};
  const errors: FieldError[] = [];
  if (!type) errors.push(required(`${path}.type`, "must specify a metric target type"));
  if (!TARGET_TYPES.includes(type ?? "")) {
    errors.push(invalid(`${path}.type`, type ?? "", "must be either Utilization, Value, or AverageValue"));
  }
  for (const [field, text] of [["value", value] as const, ["averageValue", averageValue] as const]) {
    const amount = quantity(text);
    if (amount && quantitySign(amount) <= 0) errors.push(invalid(`${path}.${field}`, text, "must be positive"));
  }
  if (averageUtilization !== undefined && averageUtilization < 1) {
    errors.push(invalid(`${path}.averageUtilization`, averageUtilization, "must be greater than 0"));
  }
  return errors;
}
