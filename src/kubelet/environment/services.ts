import type { Service } from "#objects";

/** The Service that the environment of every pod names, in each namespace: that of the API. */
const API_SERVICE = { namespace: "default", name: "kubernetes" };

/** Whether the Service has an address of its own to tell. */
const hasAddress = ({ spec }: Service) => spec?.clusterIP !== undefined && !["", "None"].includes(spec.clusterIP);

/**
 * The variables that tell a pod of a namespace where Services are, as Docker's links did (upstream envvars.FromServices).
 * Without `links` only of the API's.
 */
export function serviceVariables(
  services: Iterable<Service>,
  namespace: string,
  links: boolean,
): ReadonlyMap<string, string> {
  const told = new Map<string, Service>();
  for (const service of services) {
    const { metadata } = service;
    const { name = "" } = metadata;
    if (!hasAddress(service)) continue;
    const isApi = metadata.namespace === API_SERVICE.namespace && name === API_SERVICE.name;
    if (isApi && !told.has(name)) told.set(name, service);
    else if (!isApi && metadata.namespace === namespace && links) told.set(name, service);
  }
  const variables = new Map<string, string>();
  for (const [, service] of [...told].toSorted(([a], [b]) => (a < b ? -1 : 1))) addVariables(variables, service);
  return variables;
}

const variableName = (name: string) => name.replaceAll("-", "_").toUpperCase();

function addVariables(variables: Map<string, string>, { metadata, spec }: Service): void {
  const prefix = variableName(metadata.name ?? "");
  const address = spec?.clusterIP ?? "";
  const ports = spec?.ports ?? [];
  const [first] = ports;
  variables.set(`${prefix}_SERVICE_HOST`, address);
  if (!first) return;
  variables.set(`${prefix}_SERVICE_PORT`, String(first.port));
  for (const { name, port } of ports) {
    if (name) variables.set(`${prefix}_SERVICE_PORT_${variableName(name)}`, String(port));
  }
  for (const [i, { port, protocol = "TCP" }] of ports.entries()) {
    const lower = protocol.toLowerCase();
    const url = `${lower}://${address.includes(":") ? `[${address}]` : address}:${port}`;
    if (i === 0) variables.set(`${prefix}_PORT`, url);
    const link = `${prefix}_PORT_${port}_${protocol.toUpperCase()}`;
    variables.set(link, url);
    variables.set(`${link}_PROTO`, lower);
    variables.set(`${link}_PORT`, String(port));
    variables.set(`${link}_ADDR`, address);
  }
}
