import type { AnyContainer } from "#kubelet";
import { isSidecar, type Container, type Pod } from "#objects";

/** How long an init container works of which nothing else is known. */
export const INIT_MS = 1000;
/** How long a task works of which nothing else is known: long enough to be seen running. */
export const TASK_MS = 5000;

/**
 * Servers by the names of their images and of their programs. Their images go on until they are stopped,
 * whatever the Pod's restart policy.
 */
const SERVERS = new Set(
  `nginx nginx-unprivileged httpd apache2 caddy traefik haproxy envoy tomcat jetty
  redis redis-server valkey valkey-server memcached postgres mysql mysqld mariadb mariadbd mongo mongod
  cassandra elasticsearch opensearch rabbitmq rabbitmq-server nats nats-server kafka zookeeper etcd consul vault
  minio registry grafana prometheus coredns wordpress ghost http-echo whoami echoserver
  pause agnhost netexec serve-hostname test-webserver`.split(/\s+/),
);

/**
 * After how many milliseconds a container ends with 0 of whose image and command nothing is known; undefined:
 * it is a server, and goes on. Init containers and what is not to be restarted when it succeeds are there to do
 * some work and end; except for what says that it serves or waits for input.
 */
export function taskMs(pod: Pod, container: AnyContainer): number | undefined {
  const { initContainers = [], containers = [], restartPolicy } = pod.spec ?? {};
  const named = ({ name }: Container) => name === container.name;
  const init = initContainers.find(named);
  if (init) return isSidecar(init) ? undefined : INIT_MS;
  const main = containers.find(named);
  if (!main || (main.restartPolicy ?? restartPolicy ?? "Always") === "Always") return undefined;
  if (main.stdin || isServer(container) || (!isOfJob(pod) && serves(main))) return undefined;
  return TASK_MS;
}

/** Its own program, or that of its image, is that of a server. Arguments that are options go to that of the image. */
function isServer({ image = "", command = [], args = [] }: AnyContainer): boolean {
  const [program = ""] = [...command, ...args];
  if (SERVERS.has(nameOf(program))) return true;
  return command.length === 0 && (program === "" || program.startsWith("-")) && SERVERS.has(programOf(image));
}

const serves = ({ ports = [], readinessProbe, livenessProbe, startupProbe }: Container): boolean =>
  ports.length > 0 || Boolean(readinessProbe ?? livenessProbe ?? startupProbe);

const isOfJob = ({ metadata: { ownerReferences = [] } }: Pod): boolean =>
  ownerReferences.some(
    ({ apiVersion, kind, controller }) => controller && kind === "Job" && apiVersion.startsWith("batch/"),
  );

const nameOf = (path: string): string => path.split("/").at(-1)!;

/** The name of an image without registry, path, tag and digest: what it runs, mostly. */
export const programOf = (image: string): string => nameOf(image).split(/[:@]/)[0]!;
