/** Of containerd's own interface, what is asked of it: `containerd/api/services/events` and `api/events`. */
export const EVENT_TABLE = [
  "rpc Events.Subscribe SubscribeRequest Envelope",
  "SubscribeRequest filters:1:[]string",
  "Envelope namespace:2:string topic:3:string event:4:Any",
  "Any typeUrl:1:string value:2:bytes",
];

export interface EventMethods {
  readonly "Events.Subscribe": readonly [
    { readonly filters: readonly string[] },
    { readonly namespace: string; readonly topic: string; readonly event: { readonly value: Uint8Array } | null },
  ];
}

const EXIT = "/tasks/exit";
const OOM = "/tasks/oom";

export const TOPICS: readonly string[] = [EXIT, OOM];

export type TaskEvent =
  /** The container's own process has ended, not one that was run beside it. */
  | { readonly type: "exit"; readonly containerId: string }
  /** The kernel has ended one of the container's processes for want of memory. */
  | { readonly type: "oom"; readonly containerId: string };

interface Envelope {
  readonly topic: string;
  readonly event: { readonly value: Uint8Array } | null;
}

/** What an envelope tells; undefined when it does not matter. */
export function decodeEvent({ topic, event }: Envelope): TaskEvent | undefined {
  if (!event) return undefined;
  // Both messages begin alike: field 1 is the container, and field 2 of an exit the process.
  const [containerId = "", processId] = leadingTexts(event.value);
  if (topic === OOM) return { type: "oom", containerId };
  if (topic === EXIT && processId === containerId) return { type: "exit", containerId };
  return undefined;
}

/** The texts that a protobuf message begins with: fields 1, 2, … as far as they are shorter than 128 bytes. */
function leadingTexts(bytes: Uint8Array): readonly string[] {
  const texts: string[] = [];
  let at = 0;
  while (at + 1 < bytes.length && bytes[at] === (((texts.length + 1) << 3) | 2)) {
    const length = bytes[at + 1]!;
    if (length >= 128) break;
    texts.push(new TextDecoder().decode(bytes.subarray(at + 2, at + 2 + length)));
    at += 2 + length;
  }
  return texts;
}
