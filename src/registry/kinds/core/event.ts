import {
  dnsSubdomain,
  FIELD_IS_IMMUTABLE,
  invalid,
  pathSegmentName,
  qualifiedName,
  required,
  sameJson,
  type AnyDraft,
  type CoreV1Event,
  type Draft,
  type FieldError,
} from "#objects";
import type { WriteContext } from "../../definition.ts";
import { each } from "../common/checks.ts";
import { since, text, wide } from "../common/columns.ts";
import { converted, define, served } from "../common/define.ts";

const EVENTS_GROUP = "events.k8s.io";
const HOUR_MS = 3_600_000;
const MAX_WORD = 128;
const MAX_MESSAGE = 1024;

/** How events.k8s.io calls what the core group called otherwise. */
const NEW_NAMES: readonly (readonly [core: string, events: string])[] = [
  ["involvedObject", "regarding"],
  ["message", "note"],
  ["source", "deprecatedSource"],
  ["firstTimestamp", "deprecatedFirstTimestamp"],
  ["lastTimestamp", "deprecatedLastTimestamp"],
  ["count", "deprecatedCount"],
  ["reportingComponent", "reportingController"],
];

const renamed = (object: Readonly<AnyDraft>, names: ReadonlyMap<string, string>): AnyDraft =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [names.get(key) ?? key, value])) as AnyDraft;

const toEvents = new Map(NEW_NAMES);
const toCore = new Map(NEW_NAMES.map(([core, events]) => [events, core]));

function applyDefaults(draft: Draft<CoreV1Event>): void {
  draft.source ??= {};
  draft.reportingComponent ??= "";
  draft.reportingInstance ??= "";
}

const atMost = (field: string, value: string | undefined, max: number): FieldError[] =>
  (value ?? "").length > max ? [invalid(field, "", `can have at most ${max} characters`)] : [];

const neededAtMost = (field: string, value: string | undefined): FieldError[] =>
  value ? atMost(field, value, MAX_WORD) : [required(field)];

/** Events of the old client have no eventTime; those of the new one must say who reports what. */
function validate(event: CoreV1Event, context: WriteContext): FieldError[] {
  const { namespace = "" } = event.metadata;
  const involved = event.involvedObject?.namespace ?? "";
  const mismatch = [invalid("involvedObject.namespace", involved, "does not match event.namespace")];
  if (!event.eventTime) {
    const agrees = involved === "" ? ["", "default"].includes(namespace) : involved === namespace;
    return agrees ? [] : mismatch;
  }
  const agrees = involved !== "" || ["default", "kube-system"].includes(namespace);
  const controller = event.reportingComponent ?? "";
  const controllerField = isStrict(context) ? "reportingController" : "reportingComponent";
  return [
    ...(agrees ? [] : mismatch),
    ...(controller ? [] : [required(controllerField)]),
    ...each(controllerField, controller, qualifiedName(controller)),
    ...neededAtMost("reportingInstance", event.reportingInstance),
    ...neededAtMost("action", event.action),
    ...neededAtMost("reason", event.reason),
    ...atMost("message", event.message, MAX_MESSAGE),
  ];
}

/** Requests for events.k8s.io have rules of their own, which those for the core group never got. */
const isStrict = ({ version }: WriteContext) => version?.group === EVENTS_GROUP;

/** Source: upstream ValidateEventCreate. */
function validateCreate(event: CoreV1Event, context: WriteContext): FieldError[] {
  if (!isStrict(context)) return [];
  const { type = "", firstTimestamp, lastTimestamp, count, source: from } = event;
  const name = event.metadata.name ?? "";
  const unset = (field: string, isUnset: boolean) => (isUnset ? [] : [invalid(field, "", "needs to be unset")]);
  return [
    ...each("metadata.name", name, dnsSubdomain(name)),
    ...seriesErrors(event),
    ...(event.eventTime ? [] : [required("eventTime")]),
    ...(type === "Normal" || type === "Warning" ? [] : [invalid("type", "", `has invalid value: ${type}`)]),
    ...unset("firstTimestamp", !firstTimestamp),
    ...unset("lastTimestamp", !lastTimestamp),
    ...unset("count", !count),
    ...unset("source", !from?.component && !from?.host),
  ];
}

function seriesErrors({ series }: CoreV1Event): FieldError[] {
  if (!series) return [];
  return [
    ...((series.count ?? 0) < 2 ? [invalid("series.count", "", "should be at least 2")] : []),
    ...(series.lastObservedTime ? [] : [required("series.lastObservedTime")]),
  ];
}

/** Only the series of an event may change. Source: upstream ValidateEventUpdate. */
function validateUpdate(event: CoreV1Event, old: CoreV1Event, context: WriteContext): FieldError[] {
  if (!isStrict(context)) return [];
  const errors = sameJson(event.series, old.series) ? [] : seriesErrors(event);
  for (const [field, value] of IMMUTABLE_FIELDS) {
    const changed = value(event);
    if (!sameJson(changed, value(old))) errors.push(invalid(field, changed, FIELD_IS_IMMUTABLE));
  }
  return errors;
}

/** As upstream's internal types print it. */
const shownReference = (reference: CoreV1Event["related"]) =>
  reference && {
    Kind: reference.kind ?? "",
    Namespace: reference.namespace ?? "",
    Name: reference.name ?? "",
    UID: reference.uid ?? "",
    APIVersion: reference.apiVersion ?? "",
    ResourceVersion: reference.resourceVersion ?? "",
    FieldPath: reference.fieldPath ?? "",
  };

/** In upstream's order, under the names that its internal type has, with upstream's repetition. */
const IMMUTABLE_FIELDS: readonly (readonly [field: string, value: (event: CoreV1Event) => unknown])[] = [
  ["involvedObject", ({ involvedObject }) => shownReference(involvedObject ?? {})],
  ["reason", ({ reason }) => reason ?? ""],
  ["message", ({ message }) => message ?? ""],
  ["source", ({ source: from }) => ({ Component: from?.component ?? "", Host: from?.host ?? "" })],
  ["firstTimestamp", ({ firstTimestamp }) => firstTimestamp ?? null],
  ["lastTimestamp", ({ lastTimestamp }) => lastTimestamp ?? null],
  ["count", ({ count }) => count ?? 0],
  ["reason", ({ reason }) => reason ?? ""],
  ["type", ({ type }) => type ?? ""],
  ["eventTime", ({ eventTime }) => eventTime ?? null],
  ["action", ({ action }) => action ?? ""],
  ["related", ({ related }) => shownReference(related) ?? null],
  ["reportingController", ({ reportingComponent }) => reportingComponent ?? ""],
  ["reportingInstance", ({ reportingInstance }) => reportingInstance ?? ""],
];

const source = ({ source: from, reportingComponent, reportingInstance }: CoreV1Event): string => {
  const component = from?.component || reportingComponent || "";
  const instance = from?.host || reportingInstance;
  return instance ? `${component}, ${instance}` : component;
};

const firstSeen = (event: CoreV1Event, now: number) => since(event.firstTimestamp || event.eventTime, now);

const lastSeen = (event: CoreV1Event, now: number) =>
  event.series
    ? since(event.series.lastObservedTime, now)
    : since(event.lastTimestamp || event.firstTimestamp || event.eventTime, now);

const target = ({ involvedObject }: CoreV1Event): string => {
  const kind = (involvedObject.kind ?? "").toLowerCase();
  return involvedObject.name ? `${kind}/${involvedObject.name}` : kind;
};

type Reference = keyof NonNullable<CoreV1Event["involvedObject"]>;
const REFERENCE_FIELDS: readonly Reference[] = [
  "kind",
  "namespace",
  "name",
  "uid",
  "apiVersion",
  "resourceVersion",
  "fieldPath",
];

/** Under the names of both groups. */
const selectableFields: Record<string, (event: CoreV1Event) => string> = {
  reason: ({ reason }) => reason ?? "",
  reportingComponent: ({ reportingComponent }) => reportingComponent ?? "",
  reportingController: ({ reportingComponent }) => reportingComponent ?? "",
  source: (event) => event.source?.component || event.reportingComponent || "",
  type: ({ type }) => type ?? "",
};
for (const field of REFERENCE_FIELDS) {
  const value = ({ involvedObject }: CoreV1Event) => involvedObject?.[field] ?? "";
  selectableFields[`involvedObject.${field}`] = value;
  selectableFields[`regarding.${field}`] = value;
}

/** One store for two groups: `events` of the core group and of events.k8s.io are the same objects. */
export const events = define<CoreV1Event>({
  group: "",
  resource: "events",
  singular: "event",
  kind: "Event",
  shortNames: ["ev"],
  namespaced: true,
  storageVersion: "v1",
  versions: [
    served("core", "v1", "Event"),
    served("events", "v1", "Event", {
      group: EVENTS_GROUP,
      ...converted(
        (object) => renamed(object, toEvents),
        (object) => renamed(object, toCore),
      ),
    }),
  ],
  nameErrors: pathSegmentName,
  applyDefaults,
  validate,
  validateCreate,
  validateUpdate,
  createsOnUpdate: true,
  ttlMs: HOUR_MS,
  ttlFrom: ({ series, lastTimestamp, eventTime }) => series?.lastObservedTime ?? lastTimestamp ?? eventTime,
  selectableFields,
  columns: [
    text("Last Seen", lastSeen),
    text("Type", ({ type }) => type ?? ""),
    text("Reason", ({ reason }) => reason ?? ""),
    text("Object", target),
    wide("Subobject", ({ involvedObject }) => involvedObject.fieldPath ?? ""),
    wide("Source", source),
    text("Message", ({ message = "" }) => message.trim()),
    wide("First Seen", firstSeen),
    wide("Count", ({ series, count }) => (series ? (series.count ?? 0) : count || 1)),
    { ...wide<CoreV1Event>("Name", ({ metadata }) => metadata.name ?? ""), format: "name" },
  ],
});
