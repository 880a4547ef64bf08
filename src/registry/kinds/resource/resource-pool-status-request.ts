import {
  dnsSubdomain,
  invalid,
  sameJson,
  type FieldError,
  type V1alpha3PoolStatus,
  type V1alpha3ResourcePoolStatusRequest,
} from "#objects";
import { present } from "../common/checks.ts";
import { integer, since, text } from "../common/columns.ts";
import { define, served } from "../common/define.ts";

type Request = V1alpha3ResourcePoolStatusRequest;
type Amount = "totalDevices" | "availableDevices" | "allocatedDevices" | "unavailableDevices";

const total = (field: Amount) => (request: Request) =>
  request.status
    ? String((request.status.pools ?? []).reduce((sum, pool: V1alpha3PoolStatus) => sum + (pool[field] ?? 0), 0))
    : "<none>";

const done = ({ status }: Request) =>
  status?.conditions?.find(({ type, status: value }) => type === "Complete" && value === "True");

const failed = ({ status }: Request) =>
  status?.conditions?.some(({ type, status: value }) => type === "Failed" && value === "True");

const stateText = (request: Request): string => (failed(request) ? "Failed" : done(request) ? "Complete" : "Pending");

function validate({ spec }: Request): FieldError[] {
  const limit = spec?.limit;
  return [
    ...present("spec.driver", spec?.driver, (name) => dnsSubdomain(name)),
    ...(limit !== undefined && limit <= 0 ? [invalid("spec.limit", limit, "must be greater than zero")] : []),
  ];
}

export const resourcePoolStatusRequests = define<Request>({
  group: "resource.k8s.io",
  resource: "resourcepoolstatusrequests",
  singular: "resourcepoolstatusrequest",
  kind: "ResourcePoolStatusRequest",
  namespaced: false,
  storageVersion: "v1alpha3",
  versions: [served("resource", "v1alpha3", "ResourcePoolStatusRequest")],
  hasStatus: true,
  applyDefaults(draft) {
    if (draft.spec) draft.spec.limit ??= 100;
  },
  validate,
  validateUpdate: ({ spec }, old) => (sameJson(spec, old.spec) ? [] : [invalid("spec", spec, "field is immutable")]),
  columns: [
    text("Driver", ({ spec }) => spec.driver),
    text("Total", total("totalDevices")),
    text("Available", total("availableDevices")),
    text("Allocated", total("allocatedDevices")),
    text("Unavailable", total("unavailableDevices")),
    text("Errors", ({ status }) =>
      status ? String((status.pools ?? []).filter(({ validationError }) => validationError).length) : "<none>",
    ),
    integer("Pools", ({ status }) => status?.poolCount ?? 0),
    text("Status", stateText),
    text("Completed", (request, now) => since(done(request)?.lastTransitionTime, now)),
  ],
});
