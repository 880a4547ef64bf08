export interface DeploymentOptions {
  readonly name?: string;
  readonly image: string;
  readonly replicas: number;
  readonly strategy?: string;
  readonly progressDeadlineSeconds: number;
  /** Further fields of the container, one a line. */
  readonly container?: readonly string[];
}

/** A Deployment as a user would write it into a file. */
export function deploymentManifest(options: DeploymentOptions): string {
  const { name = "test", image, replicas, strategy, progressDeadlineSeconds, container = [] } = options;
  return `apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${name}
spec:
  replicas: ${replicas}
  progressDeadlineSeconds: ${progressDeadlineSeconds}
${strategy === undefined ? "" : `  strategy: ${strategy}\n`}  selector:
    matchLabels:
      app: ${name}
  template:
    metadata:
      labels:
        app: ${name}
    spec:
      containers:
        - name: web
          image: ${image}
${container.map((line) => `          ${line}\n`).join("")}`;
}
