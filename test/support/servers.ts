import { setTimeout as delay } from "node:timers/promises";
import type { Kubectl } from "./cluster-under-test.ts";

export interface ServerOptions {
  /** Default: `{app: <name>}`. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly image?: string;
  /** Of the test server: `["--udp", "9090"]`. */
  readonly args?: readonly string[];
  readonly command?: readonly string[];
  readonly ports?: readonly object[];
  /** More of the container, and of the Pod's spec. */
  readonly container?: object;
  readonly spec?: object;
}

const HTTP = { name: "http", containerPort: 8080 };
/** Who is slow because the machine is busy is not unready. */
const READINESS = { httpGet: { path: "/readyz", port: 8080 }, periodSeconds: 1, timeoutSeconds: 10 };

function template(name: string, options: ServerOptions) {
  const { labels = { app: name }, image = "test/server:1", args = [], command, ports = [HTTP] } = options;
  return {
    metadata: { labels },
    spec: {
      terminationGracePeriodSeconds: 1,
      containers: [
        {
          name: "main",
          image,
          ports,
          ...(command ? { command } : { args }),
          ...(command ? {} : { readinessProbe: READINESS }),
          ...options.container,
        },
      ],
      ...options.spec,
    },
  };
}

/** A Pod with the test server, which answers `/hostname` with the Pod's name. */
export function serverPod(name: string, options: ServerOptions = {}): object {
  const { metadata, spec } = template(name, options);
  return { apiVersion: "v1", kind: "Pod", metadata: { name, ...metadata }, spec };
}

export function serverDeployment(name: string, replicas: number, options: ServerOptions = {}): object {
  const made = template(name, options);
  const selector = { matchLabels: made.metadata.labels };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name },
    spec: { replicas, selector, template: made },
  };
}

/** A Service of the Pods with `app: <name>`, on port 80; `spec` may say otherwise. */
export function service(name: string, spec: object = {}): object {
  const ports = [{ name: "http", port: 80, targetPort: "http" }];
  return { apiVersion: "v1", kind: "Service", metadata: { name }, spec: { selector: { app: name }, ports, ...spec } };
}

export const listOf = (...items: readonly object[]): string =>
  JSON.stringify({ apiVersion: "v1", kind: "List", items });

export interface AskOptions {
  readonly times?: number;
  /** The client's own port: over UDP, the same flow each time. */
  readonly port?: number;
}

/** A Pod that asks others. */
export interface Client {
  /** What came back for each URL (`server get` of the test image); "! Connection refused" and the like. */
  ask(urls: readonly string[], options?: AskOptions): Promise<string[]>;
  /** Who answered at all, in order, once each. */
  answerers(url: string, times?: number): Promise<string[]>;
  /** What the Pod's resolver finds, in order; `["NXDOMAIN"]`. */
  lookUp(type: "a" | "aaaa" | "srv" | "ptr" | "cname" | "txt", name: string): Promise<string[]>;
  run(...command: string[]): Promise<string>;
}

/** Starts a Pod that does nothing but wait for commands by exec. */
export async function startClient(kubectl: Kubectl, name = "client", spec: object = {}): Promise<Client> {
  await kubectl.apply(
    listOf(
      serverPod(name, { command: ["sleep", "100000"], ports: [], spec: { terminationGracePeriodSeconds: 0, ...spec } }),
    ),
  );
  await kubectl("wait", `pod/${name}`, "--for=condition=Ready", "--timeout=120s");
  return clientIn(kubectl, name);
}

/** A Pod with the test server's image as a client. */
export function clientIn(kubectl: Kubectl, pod: string): Client {
  const run = (...command: string[]) => kubectl("exec", pod, "--", ...command);
  const ask: Client["ask"] = async (urls, { times = 1, port = 0 } = {}) => {
    const printed = await run("server", "get", "--times", String(times), "--port", String(port), ...urls);
    return printed.trimEnd().split("\n");
  };
  return {
    run,
    ask,
    answerers: async (url, times = 20) => [...new Set(await ask([url], { times }))].sort(),
    async lookUp(type, name) {
      const question = type === "ptr" ? [name] : [`-type=${type}`, name];
      const { stdout, stderr } = await kubectl.try(["exec", pod, "--", "nslookup", ...question]);
      // The first lines are about the server.
      const [, answer = ""] = `${stdout}${stderr}`.split(/\n\n(.*)/s);
      const error = /: (NXDOMAIN|SERVFAIL|REFUSED)/.exec(answer);
      if (error) return [error[1]!];
      const found = answer.matchAll(/(?:Address: |canonical name = |service = |name = |text = )(.*)/g);
      return [...found].map(([, value]) => value!.trim()).sort();
    },
  };
}

/** Asks until the answers are so; fails with the last ones. */
export async function untilAnswers(
  client: Client,
  urls: readonly string[],
  good: (answers: readonly string[]) => boolean,
  options?: AskOptions,
): Promise<readonly string[]> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const answers = await client.ask(urls, options);
    if (good(answers)) return answers;
    if (performance.now() > deadline) throw new Error(`${urls.join(", ")}: ${answers.join("; ")}`);
    await delay(50);
  }
}

const PATIENCE_MS = 120_000;
