export interface Parameter {
  readonly name: string;
  readonly in: "query" | "path";
  readonly description?: string;
  readonly required?: true;
  readonly schema: { readonly type: "string" | "boolean" | "integer"; readonly uniqueItems: true };
}

type ParameterType = Parameter["schema"]["type"];

const query = (name: string, description: string, type: ParameterType = "string"): Parameter => ({
  description,
  in: "query",
  name,
  schema: { type, uniqueItems: true },
});

export const pathParameter = (name: string, description: string): Parameter => ({
  description,
  in: "path",
  name,
  required: true,
  schema: { type: "string", uniqueItems: true },
});

export const NAMESPACE = pathParameter("namespace", "The namespace of the object.");
export const PRETTY = query("pretty", "Whether the answer is indented for reading: true or false.");

const DRY_RUN = query("dryRun", "With All, every step of the request is done but nothing is stored.");
const FIELD_MANAGER = query("fieldManager", "The name under which the fields that this request sets are owned.");
const FIELD_VALIDATION = query(
  "fieldValidation",
  "What happens about unknown and duplicate fields: Strict refuses them, Warn answers with warnings, Ignore drops them silently.",
);
const RESOURCE_VERSION = query("resourceVersion", "From which version on, or at which one, the answer is given.");
const RESOURCE_VERSION_MATCH = query(
  "resourceVersionMatch",
  "How resourceVersion is applied to a list: Exact or NotOlderThan.",
);
const CONTINUE = query("continue", "The token that an earlier page of the list ended with.");
const LIMIT = query("limit", "How many objects a page of the list has at most.", "integer");
const LABEL_SELECTOR = query("labelSelector", "Selects objects by their labels.");
const FIELD_SELECTOR = query("fieldSelector", "Selects objects by some of their fields.");
const SEND_INITIAL_EVENTS = query(
  "sendInitialEvents",
  "Whether a watch begins with the objects that exist, followed by a bookmark.",
  "boolean",
);
const TIMEOUT_SECONDS = query("timeoutSeconds", "After how many seconds the request ends.", "integer");

const SELECTION: readonly Parameter[] = [
  CONTINUE,
  FIELD_SELECTOR,
  LABEL_SELECTOR,
  LIMIT,
  RESOURCE_VERSION,
  RESOURCE_VERSION_MATCH,
  SEND_INITIAL_EVENTS,
  TIMEOUT_SECONDS,
];

export const LISTING: readonly Parameter[] = [
  query("allowWatchBookmarks", "Whether a watch may send bookmarks.", "boolean"),
  ...SELECTION,
  query("watch", "Whether changes are sent as they happen, instead of a list.", "boolean"),
];

export const WRITING: readonly Parameter[] = [DRY_RUN, FIELD_MANAGER, FIELD_VALIDATION];

export const PATCHING: readonly Parameter[] = [
  ...WRITING,
  query("force", "Whether apply takes fields over from other managers.", "boolean"),
];

export const DELETING: readonly Parameter[] = [
  DRY_RUN,
  query("gracePeriodSeconds", "How many seconds the object has to end by itself.", "integer"),
  query("orphanDependents", "Deprecated form of propagationPolicy: whether dependents are left alone.", "boolean"),
  query("propagationPolicy", "What happens to dependents: Orphan, Background or Foreground."),
];

export const DELETING_COLLECTION: readonly Parameter[] = [...DELETING, ...SELECTION];

const STREAMS: readonly Parameter[] = [
  query("stderr", "Whether standard error is sent.", "boolean"),
  query("stdin", "Whether standard input is taken.", "boolean"),
  query("stdout", "Whether standard output is sent.", "boolean"),
  query("tty", "Whether a terminal is allocated.", "boolean"),
];
const CONTAINER = query("container", "Which container of the Pod; its only one when not said.");
const PATH = query("path", "The path that the request is passed on to.");

/** What subresources that connect to something take, by the kind of their options. */
const CONNECTING: Readonly<Record<string, readonly Parameter[]>> = {
  PodAttachOptions: [CONTAINER, ...STREAMS],
  PodExecOptions: [query("command", "The command and its arguments, one parameter each."), CONTAINER, ...STREAMS],
  PodPortForwardOptions: [query("ports", "The ports that are forwarded.", "integer")],
  PodProxyOptions: [PATH],
  ServiceProxyOptions: [PATH],
  NodeProxyOptions: [PATH],
};

/** Undefined when the kind is none that a client connects by. */
export const connectParameters = (kind: string): readonly Parameter[] | undefined =>
  Object.hasOwn(CONNECTING, kind) ? CONNECTING[kind] : undefined;

export const LOG: readonly Parameter[] = [
  CONTAINER,
  query("follow", "Whether the log is sent on as it grows.", "boolean"),
  query("insecureSkipTLSVerifyBackend", "Whether the node's certificate goes unchecked.", "boolean"),
  query("limitBytes", "After how many bytes the log is cut off.", "integer"),
  query("previous", "Whether the log is that of the container's former instance.", "boolean"),
  query("sinceSeconds", "How many seconds the log reaches back.", "integer"),
  query("stream", "Which of the container's streams: All, Stdout or Stderr."),
  query("tailLines", "How many of the last lines are sent.", "integer"),
  query("timestamps", "Whether each line begins with its time.", "boolean"),
];

/** Parameters by name, as documents have them. */
export const byName = (parameters: readonly Parameter[]): readonly Parameter[] =>
  parameters.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.in < b.in ? -1 : 1));
