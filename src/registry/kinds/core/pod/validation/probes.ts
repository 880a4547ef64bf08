import {
  type Int64,
  forbidden,
  httpHeaderName,
  invalid,
  notSupported,
  portName,
  portNumber,
  required,
  type FieldError,
  type HTTPGetAction,
  type IntOrString,
  type Lifecycle,
  type LifecycleHandler,
  type Probe,
} from "#objects";
import { each, nonNegative } from "../../../common/checks.ts";

type Handler = Pick<Probe, "exec" | "httpGet" | "tcpSocket" | "grpc"> & Pick<LifecycleHandler, "sleep">;

/** The probes of a container that keeps running. */
export function validateProbes(
  probes: { readonly livenessProbe?: Probe; readonly readinessProbe?: Probe; readonly startupProbe?: Probe },
  gracePeriod: Int64 | undefined,
  path: string,
): FieldError[] {
  const { livenessProbe, readinessProbe, startupProbe } = probes;
  return [
    ...(livenessProbe ? validateOnceProbe(livenessProbe, gracePeriod, `${path}.livenessProbe`) : []),
    ...(readinessProbe ? validateReadinessProbe(readinessProbe, gracePeriod, `${path}.readinessProbe`) : []),
    ...(startupProbe ? validateOnceProbe(startupProbe, gracePeriod, `${path}.startupProbe`) : []),
  ];
}

/** Liveness and startup probes succeed at the first success. */
function validateOnceProbe(probe: Probe, gracePeriod: Int64 | undefined, path: string): FieldError[] {
  const errors = validateProbe(probe, gracePeriod, path);
  const { successThreshold = 0 } = probe;
  return successThreshold === 1
    ? errors
    : [...errors, invalid(`${path}.successThreshold`, successThreshold, "must be 1")];
}

function validateReadinessProbe(probe: Probe, gracePeriod: Int64 | undefined, path: string): FieldError[] {
  const errors = validateProbe(probe, gracePeriod, path);
  const { terminationGracePeriodSeconds: grace } = probe;
  return grace === undefined
    ? errors
    : [...errors, invalid(`${path}.terminationGracePeriodSeconds`, grace, "must not be set for readinessProbes")];
}

function validateProbe(probe: Probe, gracePeriod: Int64 | undefined, path: string): FieldError[] {
  const { exec, httpGet, tcpSocket, grpc, terminationGracePeriodSeconds: grace } = probe;
  return [
    ...validateHandler({ exec, httpGet, tcpSocket, grpc }, gracePeriod, path),
    ...nonNegative(`${path}.initialDelaySeconds`, probe.initialDelaySeconds),
    ...nonNegative(`${path}.timeoutSeconds`, probe.timeoutSeconds),
    ...nonNegative(`${path}.periodSeconds`, probe.periodSeconds),
    ...nonNegative(`${path}.successThreshold`, probe.successThreshold),
    ...nonNegative(`${path}.failureThreshold`, probe.failureThreshold),
    ...(grace !== undefined && grace <= 0
      ? [invalid(`${path}.terminationGracePeriodSeconds`, grace, "must be greater than 0")]
      : []),
  ];
}

/** Source: upstream validateLifecycle. */
export function validateLifecycle(lifecycle: Lifecycle, gracePeriod: Int64 | undefined, path: string): FieldError[] {
  const { postStart, preStop } = lifecycle;
  return [
    ...(postStart ? validateHandler(postStart, gracePeriod, `${path}.postStart`) : []),
    ...(preStop ? validateHandler(preStop, gracePeriod, `${path}.preStop`) : []),
  ];
}

/** Exactly one kind of handler. Source: upstream validateHandler. */
function validateHandler(handler: Handler, gracePeriod: Int64 | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  let found = false;
  const one = (name: keyof Handler, check: () => FieldError[]) => {
    if (handler[name] === undefined) return;
    if (found) errors.push(forbidden(`${path}.${name}`, "may not specify more than 1 handler type"));
    else errors.push(...check());
    found = true;
  };
  one("exec", () => (handler.exec?.command?.length ? [] : [required(`${path}.exec.command`)]));
  one("httpGet", () => validateHttpGet(handler.httpGet!, `${path}.httpGet`));
  one("tcpSocket", () => validatePort(handler.tcpSocket?.port, `${path}.tcpSocket.port`));
  one("grpc", () => validatePort(handler.grpc?.port, `${path}.grpc.port`));
  one("sleep", () => validateSleep(handler.sleep!.seconds, gracePeriod, `${path}.sleep`));
  if (!found) errors.push(required(path, "must specify a handler type"));
  return errors;
}

function validateHttpGet({ path: url, port, scheme, httpHeaders }: HTTPGetAction, path: string): FieldError[] {
  return [
    ...(url ? [] : [required(`${path}.path`)]),
    ...validatePort(port, `${path}.port`),
    ...(scheme === "HTTP" || scheme === "HTTPS"
      ? []
      : [notSupported(`${path}.scheme`, scheme ?? "", ["HTTP", "HTTPS"])]),
    ...(httpHeaders ?? []).flatMap(({ name }) => each(`${path}.httpHeaders`, name, httpHeaderName(name))),
  ];
}

function validatePort(port: IntOrString | undefined, path: string): FieldError[] {
  return typeof port === "string" ? each(path, port, portName(port)) : each(path, port ?? 0, portNumber(port ?? 0));
}

function validateSleep(seconds: Int64, gracePeriod: Int64 | undefined, path: string): FieldError[] {
  return gracePeriod !== undefined && (seconds < 0 || seconds > gracePeriod)
    ? [invalid(path, seconds, `must be non-negative and less than terminationGracePeriodSeconds (${gracePeriod})`)]
    : [];
}
