export interface DeploymentOptions {
  readonly image?: string;
  readonly replicas?: number;
  /** More fields of the spec, as YAML in flow style: `strategy: {type: Recreate}`. */
  readonly spec?: readonly string[];
  /** Annotations of the pod template. */
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A Deployment whose Pods carry the label `app: <name>` and have one container `web`. */
export function deployment(name: string, options: DeploymentOptions = {}): string {
  const { image = "nginx:1.29", replicas = 3, spec = [], annotations = {} } = options;
  return `apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${name}
spec:
  replicas: ${replicas}
${spec.map((line) => `  ${line}\n`).join("")}  selector: {matchLabels: {app: ${name}}}
  template:
    metadata:
      labels: {app: ${name}}
      annotations: ${JSON.stringify(annotations)}
    spec:
      terminationGracePeriodSeconds: 1
      containers: [{name: web, image: "${image}"}]
`;
}

export function pod(name: string, options: { image?: string; labels?: string; metadata?: string } = {}): string {
  const { image = "nginx:1.29", labels = "{}", metadata = "{}" } = options;
  return `apiVersion: v1
kind: Pod
metadata: {name: ${name}, labels: ${labels}, annotations: ${metadata}}
spec: {terminationGracePeriodSeconds: 1, containers: [{name: web, image: "${image}"}]}
`;
}

export function configMap(name: string, data: Readonly<Record<string, string>>, metadata = ""): string {
  return `apiVersion: v1
kind: ConfigMap
metadata: {name: ${name}${metadata ? `, ${metadata}` : ""}}
data: ${JSON.stringify(data)}
`;
}
