import type { AnyDraft } from "#objects";

type Json = Record<string, unknown>;
type Source = Readonly<AnyDraft>;

/** What a request says of the one device class it wants: beside the name in v1beta1, under `exactly` since. */
const EXACT = ["deviceClassName", "selectors", "allocationMode", "count", "adminAccess", "tolerations", "capacity"];

const list = (value: unknown): Json[] => (Array.isArray(value) ? (value as Json[]) : []);

function nested(request: Json): Json {
  const exactly: Json = {};
  const rest: Json = {};
  for (const [key, value] of Object.entries(request)) (EXACT.includes(key) ? exactly : rest)[key] = value;
  return Object.keys(exactly).length > 0 ? { ...rest, exactly } : rest;
}

function flat({ exactly, ...rest }: Json): Json {
  return { ...rest, ...(exactly as Json | undefined) };
}

const mapRequests = (spec: Json | undefined, change: (request: Json) => Json): Json | undefined => {
  const devices = spec?.["devices"] as Json | undefined;
  if (!devices?.["requests"]) return spec;
  return { ...spec, devices: { ...devices, requests: list(devices["requests"]).map(change) } };
};

const withSpec = (object: Source, spec: Json | undefined): AnyDraft => (spec ? { ...object, spec } : object);
const specOf = (object: Source) => object["spec"] as Json | undefined;

/** ResourceClaims between resource.k8s.io/v1beta1 and v1. */
export const claimFromBeta1 = (claim: Source): AnyDraft => withSpec(claim, mapRequests(specOf(claim), nested));
export const claimToBeta1 = (claim: Source): AnyDraft => withSpec(claim, mapRequests(specOf(claim), flat));

const mapTemplate = (template: Source, change: (request: Json) => Json): AnyDraft => {
  const outer = specOf(template);
  const inner = mapRequests(outer?.["spec"] as Json | undefined, change);
  return outer && inner ? withSpec(template, { ...outer, spec: inner }) : template;
};

export const templateFromBeta1 = (template: Source): AnyDraft => mapTemplate(template, nested);
export const templateToBeta1 = (template: Source): AnyDraft => mapTemplate(template, flat);

const mapDevices = (slice: Source, change: (device: Json) => Json): AnyDraft => {
  const spec = specOf(slice);
  return spec?.["devices"] ? withSpec(slice, { ...spec, devices: list(spec["devices"]).map(change) }) : slice;
};

/** ResourceSlices: a device's properties stood under `basic` in v1beta1. */
export const sliceFromBeta1 = (slice: Source): AnyDraft =>
  mapDevices(slice, ({ basic, ...rest }) => ({ ...rest, ...(basic as Json | undefined) }));
export const sliceToBeta1 = (slice: Source): AnyDraft => mapDevices(slice, ({ name, ...basic }) => ({ name, basic }));
