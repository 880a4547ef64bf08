import { dnsSubdomain, pathSegmentName, required, validateIp, type FieldError, type IPAddress } from "#objects";
import { each, present, unchanged } from "../common/checks.ts";
import { text } from "../common/columns.ts";
import { define, served } from "../common/define.ts";

/** The name is the address itself, in canonical form. */
const nameErrors = (name: string): readonly string[] =>
  validateIp(name, "").map(({ message }) => message.slice(message.lastIndexOf(`: must`) + 2));

function validate({ spec }: IPAddress): FieldError[] {
  const parent = spec?.parentRef;
  const field = "spec.parentRef";
  if (!parent) return [required(field)];
  const { group, resource, name, namespace } = parent;
  return [
    ...(group ? each(`${field}.group`, group, dnsSubdomain(group)) : []),
    ...present(`${field}.resource`, resource, pathSegmentName),
    ...present(`${field}.name`, name, pathSegmentName),
    ...(namespace ? each(`${field}.namespace`, namespace, pathSegmentName(namespace)) : []),
  ];
}

function parentText({ spec }: IPAddress): string {
  const parent = spec?.parentRef;
  if (!parent) return "<none>";
  const resource = `${parent.resource ?? ""}${parent.group ? `.${parent.group}` : ""}`.toLowerCase();
  return [resource, ...(parent.namespace ? [parent.namespace] : []), parent.name ?? ""].join("/");
}

export const ipAddresses = define<IPAddress>({
  group: "networking.k8s.io",
  resource: "ipaddresses",
  singular: "ipaddress",
  kind: "IPAddress",
  shortNames: ["ip"],
  namespaced: false,
  storageVersion: "v1",
  versions: [served("networking", "v1", "IPAddress"), served("networking", "v1beta1", "IPAddress")],
  nameErrors,
  validate,
  validateUpdate: ({ spec }, old) => unchanged("spec.parentRef", spec?.parentRef, old.spec?.parentRef),
  selectableFields: {
    "spec.parentRef.group": ({ spec }) => spec?.parentRef?.group ?? "",
    "spec.parentRef.resource": ({ spec }) => spec?.parentRef?.resource ?? "",
    "spec.parentRef.namespace": ({ spec }) => spec?.parentRef?.namespace ?? "",
    "spec.parentRef.name": ({ spec }) => spec?.parentRef?.name ?? "",
  },
  columns: [text("ParentRef", parentText)],
});
