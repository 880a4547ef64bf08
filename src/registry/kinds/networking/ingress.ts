import {
  dns1035Label,
  dnsSubdomain,
  invalid,
  notSupported,
  parseIp,
  pathSegmentName,
  portName,
  portNumber,
  required,
  validateLegacyIp,
  wildcardDnsSubdomain,
  type FieldError,
  type HTTPIngressPath,
  type Ingress,
  type IngressBackend,
  type IngressRule,
  type TypedLocalObjectReference,
} from "#objects";
import { each, present } from "../common/checks.ts";
import { AGE, text } from "../common/columns.ts";
import { define, served } from "../common/define.ts";
import { balancerAddresses, narrow } from "../common/load-balancer.ts";

const CLASS_ANNOTATION = "kubernetes.io/ingress.class";
const PATH_TYPES = ["Exact", "ImplementationSpecific", "Prefix"];
const BAD_SEQUENCES = ["//", "/./", "/../", "%2f", "%2F"];
const BAD_SUFFIXES = ["/..", "/."];
const NO_IP = "must be a DNS name, not an IP address";

const hostErrors = (field: string, host: string): FieldError[] =>
  each(field, host, host.includes("*") ? wildcardDnsSubdomain(host) : dnsSubdomain(host));

function resourceErrors(field: string, { apiGroup, kind, name }: TypedLocalObjectReference): FieldError[] {
  return [
    ...(apiGroup === undefined ? [] : each(`${field}.apiGroup`, apiGroup, dnsSubdomain(apiGroup))),
    ...present(`${field}.kind`, kind, pathSegmentName),
    ...present(`${field}.name`, name, pathSegmentName),
  ];
}

function backendErrors(field: string, { resource, service }: IngressBackend): FieldError[] {
  if (resource && service) return [invalid(field, "", "cannot set both resource and service backends")];
  if (resource) return resourceErrors(`${field}.resource`, resource);
  if (!service) return [invalid(field, "", "resource or service backend is required")];
  const errors = present(`${field}.service.name`, service.name, dns1035Label);
  const { name, number } = service.port ?? {};
  if (name && number) return [...errors, invalid(field, "", "cannot set both port name & port number")];
  if (name) return [...errors, ...each(`${field}.service.port.name`, name, portName(name))];
  if (number) return [...errors, ...each(`${field}.service.port.number`, number, portNumber(number))];
  return [...errors, required(field, "port name or number is required")];
}

function pathErrors(field: string, { pathType, path = "", backend = {} }: HTTPIngressPath): FieldError[] {
  if (!pathType) return [required(`${field}.pathType`, "pathType must be specified")];
  const errors: FieldError[] = [];
  const wrong = (detail: string) => errors.push(invalid(`${field}.path`, path, detail));
  const strict = pathType === "Exact" || pathType === "Prefix";
  if (!PATH_TYPES.includes(pathType)) errors.push(notSupported(`${field}.pathType`, pathType, PATH_TYPES));
  else if ((strict || path !== "") && !path.startsWith("/")) wrong("must be an absolute path");
  if (strict) {
    for (const sequence of BAD_SEQUENCES) if (path.includes(sequence)) wrong(`must not contain '${sequence}'`);
    for (const suffix of BAD_SUFFIXES) if (path.endsWith(suffix)) wrong(`cannot end with '${suffix}'`);
  }
  return [...errors, ...backendErrors(`${field}.backend`, backend)];
}

function ruleErrors(field: string, { host, http }: IngressRule): FieldError[] {
  const paths = http?.paths ?? [];
  return [
    ...(host && parseIp(host) ? [invalid(`${field}.host`, host, NO_IP)] : []),
    ...(host ? hostErrors(`${field}.host`, host) : []),
    ...(http && paths.length === 0 ? [required(`${field}.http.paths`)] : []),
    ...paths.flatMap((path, i) => pathErrors(`${field}.http.paths[${i}]`, path)),
  ];
}

function validate({ spec = {} }: Ingress): FieldError[] {
  const { rules = [], defaultBackend, tls = [], ingressClassName } = spec;
  const empty = rules.length === 0 && !defaultBackend;
  return [
    ...(empty ? [invalid("spec", spec.rules ?? null, "either `defaultBackend` or `rules` must be specified")] : []),
    ...(defaultBackend ? backendErrors("spec.defaultBackend", defaultBackend) : []),
    ...rules.flatMap((rule, i) => ruleErrors(`spec.rules[${i}]`, rule)),
    ...tls.flatMap(({ hosts = [], secretName }, i) => [
      ...hosts.flatMap((host, j) => hostErrors(`spec.tls[${i}].hosts[${j}]`, host)),
      ...(secretName ? each(`spec.tls[${i}].secretName`, secretName, dnsSubdomain(secretName)) : []),
    ]),
    ...(ingressClassName === undefined
      ? []
      : each("spec.ingressClassName", ingressClassName, dnsSubdomain(ingressClassName))),
  ];
}

function validateStatus({ status }: Ingress): FieldError[] {
  return (status?.loadBalancer?.ingress ?? []).flatMap(({ ip, hostname }, i) => {
    const field = `status.loadBalancer.ingress[${i}]`;
    const errors = ip ? validateLegacyIp(ip, `${field}.ip`) : [];
    if (hostname) errors.push(...each(`${field}.hostname`, hostname, dnsSubdomain(hostname)));
    if (hostname && parseIp(hostname)) errors.push(invalid(`${field}.hostname`, hostname, NO_IP));
    return errors;
  });
}

const MAX_HOSTS = 3;

function shownHosts({ spec }: Ingress): string {
  const rules = spec?.rules ?? [];
  const hosts = rules
    .slice(0, MAX_HOSTS)
    .map(({ host }) => host)
    .filter(Boolean);
  const shown = hosts.join(",") || "*";
  return hosts.length === MAX_HOSTS && rules.length > MAX_HOSTS
    ? `${shown} + ${rules.length - MAX_HOSTS} more...`
    : shown;
}

export const ingresses = define<Ingress>({
  group: "networking.k8s.io",
  resource: "ingresses",
  singular: "ingress",
  kind: "Ingress",
  shortNames: ["ing"],
  namespaced: true,
  storageVersion: "v1",
  versions: [served("networking", "v1", "Ingress")],
  hasStatus: true,
  hasGeneration: true,
  applyDefaults(draft) {
    draft.spec ??= {};
    (draft.status ??= {}).loadBalancer ??= {};
  },
  prepareForCreate(draft) {
    draft.status = { loadBalancer: {} };
  },
  validate,
  validateStatusUpdate: validateStatus,
  warnings({ metadata }, old) {
    const deprecated = metadata.annotations?.[CLASS_ANNOTATION] !== undefined;
    const had = old?.metadata.annotations?.[CLASS_ANNOTATION] !== undefined;
    return deprecated && !had
      ? [`annotation "${CLASS_ANNOTATION}" is deprecated, please use 'spec.ingressClassName' instead`]
      : [];
  },
  columns: [
    text("Class", ({ spec }) => spec?.ingressClassName ?? "<none>"),
    text("Hosts", shownHosts),
    text("Address", ({ status }) => narrow(balancerAddresses(status?.loadBalancer?.ingress).join(","))),
    text("Ports", ({ spec }) => (spec?.tls?.length ? "80, 443" : "80")),
    AGE,
  ],
});
