import {
  blockContains,
  forbidden,
  formatLabelSelector,
  invalid,
  notSupported,
  parseCidr,
  portName,
  portNumber,
  required,
  validateLabelSelector,
  validateLegacyCidr,
  type Draft,
  type FieldError,
  type IPBlock,
  type NetworkPolicy,
  type NetworkPolicyPeer,
  type NetworkPolicyPort,
} from "#objects";
import { each, optionalOneOf } from "../common/checks.ts";
import { AGE, text } from "../common/columns.ts";
import { define, served } from "../common/define.ts";
import { cidrWarnings } from "../common/ip-warnings.ts";
import { PROTOCOLS } from "../common/protocols.ts";

const TYPES = ["Ingress", "Egress"];

function applyDefaults(draft: Draft<NetworkPolicy>): void {
  const spec = (draft.spec ??= {});
  spec.podSelector ??= {};
  for (const rule of [...(spec.ingress ?? []), ...(spec.egress ?? [])]) {
    for (const port of rule.ports ?? []) port.protocol ??= "TCP";
  }
  if (!spec.policyTypes?.length) spec.policyTypes = spec.egress?.length ? ["Ingress", "Egress"] : ["Ingress"];
}

function portErrors(field: string, { port, endPort, protocol }: NetworkPolicyPort): FieldError[] {
  const errors = optionalOneOf(`${field}.protocol`, protocol, PROTOCOLS);
  const end = `${field}.endPort`;
  if (typeof port === "number") {
    errors.push(...each(`${field}.port`, port, portNumber(port)));
    if (endPort === undefined) return errors;
    if (endPort < port) errors.push(invalid(end, endPort, "must be greater than or equal to `port`"));
    return [...errors, ...each(end, endPort, portNumber(endPort))];
  }
  if (endPort !== undefined) {
    const why = port === undefined ? "specified" : "numeric";
    const detail = why === "numeric" ? "`port` is non-numeric" : "`port` is not specified";
    errors.push(invalid(end, endPort, `may not be specified when ${detail}`));
  }
  return port === undefined ? errors : [...errors, ...each(`${field}.port`, port, portName(port))];
}

function blockErrors(field: string, { cidr, except = [] }: IPBlock): FieldError[] {
  if (!cidr) return [required(`${field}.cidr`)];
  const errors = validateLegacyCidr(cidr, `${field}.cidr`);
  const block = parseCidr(cidr);
  if (!block) return errors;
  for (const [i, text] of except.entries()) {
    const path = `${field}.except[${i}]`;
    errors.push(...validateLegacyCidr(text, path));
    const part = parseCidr(text);
    if (!part) continue;
    if (!blockContains(block, part.base) || block.prefixLength >= part.prefixLength) {
      errors.push(invalid(path, text, "must be a strict subset of `cidr`"));
    }
  }
  return errors;
}

function peerErrors(field: string, { podSelector, namespaceSelector, ipBlock }: NetworkPolicyPeer): FieldError[] {
  const errors = [
    ...validateLabelSelector(podSelector, `${field}.podSelector`),
    ...validateLabelSelector(namespaceSelector, `${field}.namespaceSelector`),
    ...(ipBlock ? blockErrors(`${field}.ipBlock`, ipBlock) : []),
  ];
  const selects = Boolean(podSelector ?? namespaceSelector);
  if (!selects && !ipBlock) errors.push(required(field, "must specify a peer"));
  if (selects && ipBlock) errors.push(forbidden(field, "may not specify both ipBlock and another peer"));
  return errors;
}

function validate({ spec = {} }: NetworkPolicy): FieldError[] {
  const errors = [
    ...validateLabelSelector(spec.podSelector, "spec.podSelector"),
    ...(spec.ingress ?? []).flatMap(({ ports = [], from = [] }, i) => [
      ...ports.flatMap((port, j) => portErrors(`spec.ingress[${i}].ports[${j}]`, port)),
      ...from.flatMap((peer, j) => peerErrors(`spec.ingress[${i}].from[${j}]`, peer)),
    ]),
    ...(spec.egress ?? []).flatMap(({ ports = [], to = [] }, i) => [
      ...ports.flatMap((port, j) => portErrors(`spec.egress[${i}].ports[${j}]`, port)),
      ...to.flatMap((peer, j) => peerErrors(`spec.egress[${i}].to[${j}]`, peer)),
    ]),
  ];
  const types = spec.policyTypes ?? [];
  if (types.length > TYPES.length) {
    return [...errors, invalid("spec.policyTypes", types, "may not specify more than two policyTypes")];
  }
  for (const [i, type] of types.entries()) {
    if (!TYPES.includes(type)) errors.push(notSupported(`spec.policyTypes[${i}]`, type, TYPES));
  }
  return errors;
}

const peerWarnings = (peers: readonly NetworkPolicyPeer[] = [], path: string): string[] =>
  peers.flatMap(({ ipBlock }, i) => {
    if (!ipBlock) return [];
    const at = `${path}[${i}].ipBlock`;
    return [
      ...cidrWarnings(ipBlock.cidr, `${at}.cidr`),
      ...(ipBlock.except ?? []).flatMap((block, j) => cidrWarnings(block, `${at}.except[${j}]`)),
    ];
  });

export const networkPolicies = define<NetworkPolicy>({
  group: "networking.k8s.io",
  resource: "networkpolicies",
  singular: "networkpolicy",
  kind: "NetworkPolicy",
  shortNames: ["netpol"],
  namespaced: true,
  storageVersion: "v1",
  versions: [served("networking", "v1", "NetworkPolicy")],
  hasGeneration: true,
  applyDefaults,
  warnings: ({ spec }) => [
    ...(spec?.ingress ?? []).flatMap(({ from }, i) => peerWarnings(from, `spec.ingress[${i}].from`)),
    ...(spec?.egress ?? []).flatMap(({ to }, i) => peerWarnings(to, `spec.egress[${i}].to`)),
  ],
  validate,
  columns: [text("Pod-Selector", ({ spec }) => formatLabelSelector(spec?.podSelector ?? {})), AGE],
});
