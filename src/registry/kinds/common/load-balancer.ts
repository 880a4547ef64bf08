interface Ingress {
  readonly ip?: string;
  readonly hostname?: string;
}

/** The addresses of a load balancer, sorted and each once. */
export function balancerAddresses(ingress: readonly Ingress[] = []): string[] {
  const all = ingress.map(({ ip, hostname }) => ip || hostname || "").filter((address) => address !== "");
  return [...new Set(all)].sort();
}

const WIDTH = 16;

/** Cut off for a narrow column. */
export function narrow(text: string): string {
  return text.length > WIDTH ? `${text.slice(0, WIDTH - 3)}...` : text;
}
