import { equalJson, type Endpoint, type EndpointHints, type Service } from "#objects";

const CLOSE = ["PreferClose", "PreferSameZone", "PreferSameNode"];
const TOPOLOGY_ANNOTATIONS = ["service.kubernetes.io/topology-aware-hints", "service.kubernetes.io/topology-mode"];

/** How endpoints say for whom they are meant; undefined: no hints. */
export type Hinting = "zone" | "zone and node" | undefined;

/** What the Service's trafficDistribution asks for; the older annotation wins over it, as upstream. */
export function hintingOf({ metadata, spec }: Service): Hinting {
  const { trafficDistribution } = spec ?? {};
  if (trafficDistribution === undefined || !CLOSE.includes(trafficDistribution)) return undefined;
  const annotation = TOPOLOGY_ANNOTATIONS.map((name) => metadata.annotations?.[name]).find(
    (text) => text !== undefined,
  );
  if (annotation === "Auto" || annotation === "auto") return undefined;
  return trafficDistribution === "PreferSameNode" ? "zone and node" : "zone";
}

/** The hints that an endpoint should have (upstream trafficdist): its own zone and node. */
function hintsOf({ zone, nodeName }: Endpoint, hinting: Hinting): EndpointHints | undefined {
  const forZones = hinting && zone !== undefined ? { forZones: [{ name: zone }] } : undefined;
  const forNodes =
    hinting === "zone and node" && nodeName !== undefined ? { forNodes: [{ name: nodeName }] } : undefined;
  return forZones || forNodes ? { ...forNodes, ...forZones } : undefined;
}

/** Whether a hint is missing, stale or wrong. Those of endpoints that are not ready do not matter while there are any. */
export function hintsDiffer(endpoints: readonly Endpoint[], hinting: Hinting): boolean {
  return endpoints.some((endpoint) => {
    if (hinting && !endpoint.conditions?.ready) return false;
    return !equalJson(endpoint.hints, hintsOf(endpoint, hinting));
  });
}

/** The endpoint with the hints it should have. */
export function withHints(endpoint: Endpoint, hinting: Hinting): Endpoint {
  const { hints: old, ...rest } = endpoint;
  if (hinting && !endpoint.conditions?.ready) return endpoint;
  const hints = hintsOf(endpoint, hinting);
  return hints ? { ...rest, hints } : old ? rest : endpoint;
}
