import {
  isOvercommitAllowed,
  approximateQuantity,
  compareQuantities,
  duplicate,
  forbidden,
  formatQuantity,
  invalid,
  qualifiedName,
  quantityOf,
  required,
  type Draft,
  type FieldError,
  type LimitRange,
  type LimitRangeItem,
  type Quantity,
} from "#objects";
import { each } from "../common/checks.ts";
import { CREATED_AT } from "../common/columns.ts";
import { define, served } from "../common/define.ts";
import { quantity } from "../common/quantities.ts";
import { containerResourceNameErrors, resourceNameErrors } from "../common/resource-names.ts";

const TYPES = ["Pod", "Container", "PersistentVolumeClaim"];
const LISTS = ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"] as const;
type List = (typeof LISTS)[number];

function applyDefaults(draft: Draft<LimitRange>): void {
  for (const item of draft.spec?.limits ?? []) {
    if (item.type !== "Container") continue;
    const limits = { ...item.max, ...item.default };
    const requests = { ...item.min, ...limits, ...item.defaultRequest };
    if (Object.keys(limits).length > 0) item.default = limits;
    if (Object.keys(requests).length > 0) item.defaultRequest = requests;
  }
}

function nameErrors(item: LimitRangeItem, field: string, lists: readonly List[]): FieldError[] {
  const ofPods = item.type === "Pod" || item.type === "Container";
  const rule = ofPods ? containerResourceNameErrors : resourceNameErrors;
  return lists.flatMap((list) =>
    Object.keys(item[list] ?? {}).flatMap((name) => rule(`${field}.${list}[${name}]`, name)),
  );
}

/** What one resource's amounts say of each other. */
function orderErrors(item: LimitRangeItem, field: string, name: string): FieldError[] {
  const errors: FieldError[] = [];
  const amount = (list: List): Quantity | undefined =>
    item.type === "Pod" && (list === "default" || list === "defaultRequest") ? undefined : quantity(item[list]?.[name]);
  const text = (value: Quantity) => formatQuantity(value);
  const [min, max, limit, request] = [amount("min"), amount("max"), amount("default"), amount("defaultRequest")];
  const above = (
    list: List,
    low: readonly [Quantity | undefined, string],
    high: readonly [Quantity | undefined, string],
    at: Quantity | undefined,
  ) => {
    if (!low[0] || !high[0] || !at || compareQuantities(low[0], high[0]) <= 0) return;
    const detail = `${low[1]} value ${text(low[0])} is greater than ${high[1]} value ${text(high[0])}`;
    errors.push(invalid(`${field}.${list}[${name}]`, text(at), detail));
  };
  above("min", [min, "min"], [max, "max"], min);
  above("defaultRequest", [min, "min"], [request, "default request"], request);
  above("defaultRequest", [request, "default request"], [max, "max"], request);
  above("defaultRequest", [request, "default request"], [limit, "default limit"], request);
  above("default", [min, "min"], [limit, "default"], min);
  above("default", [limit, "default"], [max, "max"], max);
  errors.push(...ratioErrors(`${field}.maxLimitRequestRatio[${name}]`, amount("maxLimitRequestRatio"), min, max));
  if (!isOvercommitAllowed(name) && limit && request && compareQuantities(limit, request) !== 0) {
    const detail = `default value ${text(limit)} must equal to defaultRequest value ${text(request)} in ${name}`;
    errors.push(invalid(`${field}.defaultRequest[${name}]`, text(request), detail));
  }
  return errors;
}

function ratioErrors(
  field: string,
  ratio: Quantity | undefined,
  min: Quantity | undefined,
  max: Quantity | undefined,
): FieldError[] {
  if (!ratio) return [];
  const errors: FieldError[] = [];
  const text = formatQuantity(ratio);
  if (compareQuantities(ratio, quantityOf(1)) < 0) errors.push(invalid(field, text, `ratio ${text} is less than 1`));
  if (!min || !max) return errors;
  const limit = approximateQuantity(max) / approximateQuantity(min);
  if (approximateQuantity(ratio) > limit) {
    errors.push(invalid(field, text, `ratio ${text} is greater than max/min = ${limit.toFixed(6)}`));
  }
  return errors;
}

function itemErrors(item: LimitRangeItem, field: string, seen: Set<string>): FieldError[] {
  const errors: FieldError[] = [];
  const { type } = item;
  const wrong = each(`${field}.type`, type, qualifiedName(type));
  errors.push(...wrong);
  if (wrong.length === 0 && !type.includes("/") && !TYPES.includes(type)) {
    errors.push(invalid(`${field}.type`, type, "must be a standard limit type or fully qualified"));
  }
  if (seen.has(type)) errors.push(duplicate(`${field}.type`, type));
  seen.add(type);
  errors.push(...nameErrors(item, field, ["max", "min"]));
  if (type === "Pod") {
    const detail = "may not be specified when `type` is 'Pod'";
    for (const list of ["default", "defaultRequest"] as const) {
      if (Object.keys(item[list] ?? {}).length > 0) errors.push(forbidden(`${field}.${list}`, detail));
    }
  } else errors.push(...nameErrors(item, field, ["default", "defaultRequest"]));
  if (type === "PersistentVolumeClaim" && !item.min?.["storage"] && !item.max?.["storage"]) {
    const detail = "either minimum or maximum storage value is required, but neither was provided";
    errors.push(required(`${field}.limits`, detail));
  }
  errors.push(...nameErrors(item, field, ["maxLimitRequestRatio"]));
  const names = new Set(LISTS.flatMap((list) => Object.keys(item[list] ?? {})));
  for (const name of names) errors.push(...orderErrors(item, field, name));
  return errors;
}

export const limitRanges = define<LimitRange>({
  group: "",
  resource: "limitranges",
  singular: "limitrange",
  kind: "LimitRange",
  shortNames: ["limits"],
  namespaced: true,
  storageVersion: "v1",
  versions: [served("core", "v1", "LimitRange")],
  createsOnUpdate: true,
  applyDefaults,
  validate({ spec }) {
    const seen = new Set<string>();
    return (spec?.limits ?? []).flatMap((item, i) => itemErrors(item, `spec.limits[${i}]`, seen));
  },
  columns: [CREATED_AT],
});
