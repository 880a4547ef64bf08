export interface HealthAnswer {
  readonly status: 200 | 503;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * What a load balancer is told of a Service's endpoints on this node (upstream pkg/proxy/healthcheck): 200 while
 * there are any and the rules are being kept up.
 */
export function healthAnswer(
  service: { readonly namespace: string; readonly name: string },
  localEndpoints: number,
  healthy: boolean,
): HealthAnswer {
  const body = [
    "{",
    '\t"service": {',
    `\t\t"namespace": ${JSON.stringify(service.namespace)},`,
    `\t\t"name": ${JSON.stringify(service.name)}`,
    "\t},",
    `\t"localEndpoints": ${localEndpoints},`,
    `\t"serviceProxyHealthy": ${healthy}`,
    "}",
  ].join("\n");
  return {
    status: localEndpoints > 0 && healthy ? 200 : 503,
    headers: {
      "content-type": "application/json",
      "x-content-type-options": "nosniff",
      "x-load-balancing-endpoint-weight": String(localEndpoints),
    },
    body,
  };
}
