import {
  duplicate,
  forbidden,
  invalid,
  labelValue,
  parseCidr,
  qualifiedName,
  validateLegacyCidr,
  type Draft,
  type FieldError,
  type Node,
  type Taint,
} from "#objects";
import { each, oneOf } from "../common/checks.ts";
import { AGE, text, wide } from "../common/columns.ts";
import { define, served } from "../common/define.ts";
import { quantityErrors } from "../common/quantities.ts";

const ROLE_PREFIX = "node-role.kubernetes.io/";
const ROLE_LABEL = "kubernetes.io/role";
const TAINT_EFFECTS = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

function applyDefaults(draft: Draft<Node>): void {
  const spec = (draft.spec ??= {});
  // The singular field and the first of the plural one are the same thing (core/v1 conversion of Node).
  if (spec.podCIDR && !spec.podCIDRs?.length) spec.podCIDRs = [spec.podCIDR];
  else if (spec.podCIDRs?.length) spec.podCIDR = spec.podCIDRs[0]!;
  const status = (draft.status ??= {});
  if (!status.allocatable && status.capacity) status.allocatable = { ...status.capacity };
}

function taintErrors(field: string, taints: readonly Taint[]): FieldError[] {
  const seen = new Set<string>();
  return taints.flatMap((taint, i) => {
    const path = `${field}[${i}]`;
    const errors = each(`${path}.key`, taint.key, qualifiedName(taint.key));
    const wrong = labelValue(taint.value ?? "");
    if (wrong.length > 0) errors.push(invalid(`${path}.value`, taint.value, wrong.join(";")));
    errors.push(...oneOf(`${path}.effect`, taint.effect, TAINT_EFFECTS));
    const identity = `${taint.effect} ${taint.key}`;
    if (seen.has(identity)) {
      const error = duplicate(path, taint);
      errors.push({ ...error, message: `${error.message}: taints must be unique by key and effect pair` });
    }
    seen.add(identity);
    return errors;
  });
}

function resourceErrors({ status }: Node): FieldError[] {
  return (["capacity", "allocatable"] as const).flatMap((list) =>
    Object.entries(status?.[list] ?? {}).flatMap(([name, quantity]) =>
      quantityErrors(`status.${list}.${name}`, name, quantity),
    ),
  );
}

function podCidrErrors(cidrs: readonly string[]): FieldError[] {
  const errors = cidrs.flatMap((cidr, i) => validateLegacyCidr(cidr, `spec.podCIDRs[${i}]`));
  const families = new Set(cidrs.map((cidr) => parseCidr(cidr)?.base.family));
  if (cidrs.length > families.size) {
    errors.push(invalid("spec.podCIDRs", cidrs, "may specify no more than one CIDR for each IP family"));
  }
  return errors;
}

function validate(node: Node): FieldError[] {
  return [
    // Upstream reports taints under metadata; clients know them by that path.
    ...taintErrors("metadata.taints", node.spec?.taints ?? []),
    ...resourceErrors(node),
    ...podCidrErrors(node.spec?.podCIDRs ?? []),
  ];
}

function addressErrors({ status }: Node): FieldError[] {
  const seen = new Set<string>();
  return (status?.addresses ?? []).flatMap((address, i) => {
    const identity = `${address.type} ${address.address}`;
    if (seen.has(identity)) return [duplicate(`status.addresses[${i}]`, address)];
    seen.add(identity);
    return [];
  });
}

function validateUpdate(node: Node, old: Node): FieldError[] {
  const errors = addressErrors(node);
  const [cidrs, oldCidrs] = [node.spec?.podCIDRs ?? [], old.spec?.podCIDRs ?? []];
  if (oldCidrs.length > 0 && (cidrs.length !== oldCidrs.length || oldCidrs.some((cidr, i) => cidr !== cidrs[i]))) {
    errors.push(forbidden("spec.podCIDRs", 'node updates may not change podCIDR except from "" to valid'));
  }
  if (old.spec?.providerID && node.spec?.providerID !== old.spec.providerID) {
    errors.push(forbidden("spec.providerID", 'node updates may not change providerID except from "" to valid'));
  }
  if ((node.spec?.externalID ?? "") !== (old.spec?.externalID ?? "")) {
    errors.push(forbidden("spec.externalID", "may not be updated"));
  }
  return errors;
}

function statusText({ spec, status }: Node): string {
  const ready = status?.conditions?.findLast(({ type }) => type === "Ready");
  const state = !ready ? "Unknown" : ready.status === "True" ? "Ready" : "NotReady";
  return spec?.unschedulable ? `${state},SchedulingDisabled` : state;
}

function roles({ metadata }: Node): string {
  const found = new Set<string>();
  for (const [key, value] of Object.entries(metadata.labels ?? {})) {
    if (key.startsWith(ROLE_PREFIX) && key.length > ROLE_PREFIX.length) found.add(key.slice(ROLE_PREFIX.length));
    else if (key === ROLE_LABEL && value) found.add(value);
  }
  return [...found].sort().join(",") || "<none>";
}

const address = (type: string) => (node: Node) =>
  node.status?.addresses?.find((candidate) => candidate.type === type)?.address ?? "<none>";

export const nodes = define<Node>({
  group: "",
  resource: "nodes",
  singular: "node",
  kind: "Node",
  shortNames: ["no"],
  namespaced: false,
  storageVersion: "v1",
  versions: [served("core", "v1", "Node")],
  hasStatus: true,
  acceptsStatusOnCreate: true,
  applyDefaults,
  warnings: ({ spec }) => [
    ...(spec?.configSource ? ["spec.configSource: the feature is removed"] : []),
    ...(spec?.externalID ? ["spec.externalID: this field is deprecated, and is unused by Kubernetes"] : []),
  ],
  validate,
  validateUpdate,
  validateStatusUpdate: (node, old) => [...validate(node), ...validateUpdate(node, old)],
  subresources: {
    proxy: { type: "connect", kind: "NodeProxyOptions", verbs: ["create", "delete", "get", "patch", "update"] },
  },
  selectableFields: { "spec.unschedulable": ({ spec }) => String(spec?.unschedulable ?? false) },
  columns: [
    text("Status", statusText),
    text("Roles", roles),
    AGE,
    text("Version", ({ status }) => status?.nodeInfo?.kubeletVersion ?? ""),
    wide("Internal-IP", address("InternalIP")),
    wide("External-IP", address("ExternalIP")),
    wide("OS-Image", ({ status }) => status?.nodeInfo?.osImage || "<unknown>"),
    wide("Kernel-Version", ({ status }) => status?.nodeInfo?.kernelVersion || "<unknown>"),
    wide("Container-Runtime", ({ status }) => status?.nodeInfo?.containerRuntimeVersion || "<unknown>"),
  ],
});
