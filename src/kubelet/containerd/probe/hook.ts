import type { AnyContainer } from "#kubelet";
import type { LifecycleHandler } from "#objects";
import { get, GetError, MAX_BODY_BYTES } from "./http.ts";
import { HTTP_TO_HTTPS } from "./http-exchange.ts";
import { probeHeaders, type ProbeHeaders } from "./http-headers.ts";
import { targetOf, type HttpTarget } from "./http-target.ts";

const USER_AGENT = "kube-lifecycle/1.36";

export interface HookTarget {
  /** The pod's address; undefined while it has none. */
  readonly ip: string | undefined;
  /** For ports by name. */
  readonly container: AnyContainer | undefined;
}

/** Told when an HTTPS hook was answered in plain HTTP, and worked so; the texts of an Event about the pod. */
export type OnFallback = (reason: "LifecycleHTTPFallback", message: string) => void;

/**
 * Runs a postStart or preStop hook over the network: any answer will do. Rejects with an Error in upstream's words;
 * a tcpSocket hook has never worked (upstream handlerRunner.Run).
 */
export async function runNetworkHook(
  { httpGet, tcpSocket }: LifecycleHandler,
  { ip, container }: HookTarget,
  signal: AbortSignal,
  onFallback?: OnFallback,
): Promise<void> {
  if (!httpGet) throw new Error(`invalid handler: ${tcpSocket ? "tcpSocket" : "none"}`);
  if (!httpGet.host && ip === undefined) throw new Error("failed to find networking container");
  const target = targetOf(httpGet, container, ip ?? "");
  const headers = probeHeaders(httpGet.httpHeaders, USER_AGENT);
  try {
    await ask(target, headers, signal);
  } catch (error) {
    if (!(error instanceof GetError) || error.why !== HTTP_TO_HTTPS) throw error;
    const { Authorization: _secret, ...values } = headers.values;
    const plain: HttpTarget = { ...target, scheme: "http", text: target.text.replace(/^https:/, "http:") };
    try {
      await ask(plain, { ...headers, values }, signal);
    } catch {
      throw error;
    }
    const at = new URL(target.text).host;
    onFallback?.(
      "LifecycleHTTPFallback",
      `request to HTTPS lifecycle hook ${at} got HTTP response, retry with HTTP succeeded`,
    );
  }
}

/** The body is ignored, also when it breaks off. */
async function ask(target: HttpTarget, headers: ProbeHeaders, signal: AbortSignal): Promise<void> {
  using answer = await get(target, headers, signal);
  await answer.body(MAX_BODY_BYTES).catch(() => signal.throwIfAborted());
}
