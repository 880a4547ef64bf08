import type { V2MetricSpec, V2MetricStatus, V2MetricTarget, V2MetricValueStatus } from "#objects";

const UNKNOWN = "<unknown>";
const MAX_SHOWN = 2;

/** `cpu: 12%/80%, 3/10 + 1 more...` Source: upstream pkg/printers/internalversion formatHPAMetrics. */
export function formatMetrics(metrics: readonly V2MetricSpec[], current: readonly V2MetricStatus[]): string {
  if (metrics.length === 0) return "<none>";
  const texts = metrics.map((metric, i) => formatMetric(metric, current[i]));
  const shown = texts.slice(0, MAX_SHOWN).join(", ");
  return texts.length > MAX_SHOWN ? `${shown} + ${texts.length - MAX_SHOWN} more...` : shown;
}

function formatMetric(metric: V2MetricSpec, status: V2MetricStatus | undefined): string {
  const { external, pods, object, resource, containerResource } = metric;
  switch (metric.type) {
    case "External":
      return external ? valueText(external.target, status?.external?.current) : UNKNOWN;
    case "Pods":
      return `${status?.pods?.current.averageValue ?? UNKNOWN}/${pods?.target.averageValue ?? UNKNOWN}`;
    case "Object":
      return object ? valueText(object.target, status?.object?.current) : UNKNOWN;
    case "Resource":
      return resource ? `${resource.name}: ${resourceText(resource.target, status?.resource?.current)}` : UNKNOWN;
    case "ContainerResource":
      return containerResource
        ? `${containerResource.name}: ${resourceText(containerResource.target, status?.containerResource?.current)}`
        : UNKNOWN;
    default:
      return "<unknown type>";
  }
}

function valueText(target: V2MetricTarget, current: V2MetricValueStatus | undefined): string {
  return target.averageValue === undefined
    ? `${current?.value ?? UNKNOWN}/${target.value ?? UNKNOWN}`
    : `${current?.averageValue ?? UNKNOWN}/${target.averageValue} (avg)`;
}

function resourceText(target: V2MetricTarget, current: V2MetricValueStatus | undefined): string {
  if (target.averageValue !== undefined) return `${current?.averageValue ?? UNKNOWN}/${target.averageValue}`;
  const percent = (value: number | undefined, otherwise: string) => (value === undefined ? otherwise : `${value}%`);
  return `${percent(current?.averageUtilization, UNKNOWN)}/${percent(target.averageUtilization, "<auto>")}`;
}
