import { dns1035Label, type Service } from "#objects";
import type { ResourceDefinition } from "../../../definition.ts";
import { define, served } from "../../common/define.ts";
import { columns } from "./columns.ts";
import { applyDefaults } from "./defaults.ts";
import { serviceNetworks, type ServiceOptions } from "./options.ts";
import { prepareForCreate, prepareForUpdate } from "./prepare.ts";
import { reserveFrom } from "./reserve.ts";
import { validate, validateStatus } from "./validate.ts";
import { validateUpdate } from "./validate-ips.ts";
import { warnings } from "./warnings.ts";

export type { ServiceOptions } from "./options.ts";

/** Services, with cluster IPs and node ports from the ranges given. Throws an Error when a range makes no sense. */
export function serviceDefinition(options: ServiceOptions = {}): ResourceDefinition {
  const networks = serviceNetworks(options);
  const { families } = networks;
  return define<Service>({
    group: "",
    resource: "services",
    singular: "service",
    kind: "Service",
    shortNames: ["svc"],
    categories: ["all"],
    namespaced: true,
    storageVersion: "v1",
    versions: [served("core", "v1", "Service")],
    returnsDeletedObject: true,
    nameErrors: dns1035Label,
    hasStatus: true,
    createsOnUpdate: true,
    applyDefaults,
    prepareForCreate: (draft) => prepareForCreate(draft, families),
    prepareForUpdate: (draft, old) => prepareForUpdate(draft, old, families),
    validate: (service) => validate(service, families),
    validateUpdate,
    validateStatusUpdate: validateStatus,
    warnings,
    reserve: reserveFrom(networks),
    subresources: {
      proxy: { type: "connect", kind: "ServiceProxyOptions", verbs: ["create", "delete", "get", "patch", "update"] },
    },
    selectableFields: {
      "spec.clusterIP": ({ spec }) => spec?.clusterIP ?? "",
      "spec.type": ({ spec }) => spec?.type ?? "",
    },
    columns,
  });
}
