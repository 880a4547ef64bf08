import { duplicate, invalid, type CSIDriver, type Draft, type FieldError } from "#objects";
import { oneOf, optionalOneOf, unchanged } from "../common/checks.ts";
import { AGE, boolean, text } from "../common/columns.ts";
import { define, served } from "../common/define.ts";
import { repeats } from "../common/repeats.ts";
import { csiDriverNameErrors } from "../core/volume-sources.ts";

const MIN_TOKEN_SECONDS = 600;
const MAX_TOKEN_SECONDS = 2 ** 32;

function applyDefaults(draft: Draft<CSIDriver>): void {
  const spec = (draft.spec ??= {});
  spec.attachRequired ??= true;
  spec.podInfoOnMount ??= false;
  spec.storageCapacity ??= false;
  spec.fsGroupPolicy ??= "ReadWriteOnceWithFSType";
  spec.requiresRepublish ??= false;
  spec.seLinuxMount ??= false;
  if (!spec.volumeLifecycleModes?.length) spec.volumeLifecycleModes = ["Persistent"];
}

function tokenErrors({ spec }: CSIDriver): FieldError[] {
  const requests = spec.tokenRequests ?? [];
  const repeated = repeats(requests.map(({ audience }) => audience));
  return requests.flatMap(({ audience, expirationSeconds }, i) => {
    const field = `spec.tokenRequests[${i}]`;
    const errors: FieldError[] = [];
    if (repeated[i]) errors.push(duplicate(`${field}.audience`, audience));
    if (expirationSeconds === undefined) return errors;
    const wrong = (detail: string) => invalid(`${field}.expirationSeconds`, expirationSeconds, detail);
    if (expirationSeconds < MIN_TOKEN_SECONDS) errors.push(wrong("may not specify a duration less than 10 minutes"));
    if (expirationSeconds > MAX_TOKEN_SECONDS)
      errors.push(wrong("may not specify a duration larger than 2^32 seconds"));
    return errors;
  });
}

function validate(driver: CSIDriver): FieldError[] {
  const { spec, metadata } = driver;
  return [
    ...csiDriverNameErrors("name", metadata.name ?? ""),
    ...optionalOneOf("spec.fsGroupPolicy", spec.fsGroupPolicy, ["File", "None", "ReadWriteOnceWithFSType"]),
    ...(spec.volumeLifecycleModes ?? []).flatMap((mode) =>
      oneOf("spec.volumeLifecycleModes", mode, ["Ephemeral", "Persistent"]),
    ),
    ...tokenErrors(driver),
  ];
}

export const csiDrivers = define<CSIDriver>({
  group: "storage.k8s.io",
  resource: "csidrivers",
  singular: "csidriver",
  kind: "CSIDriver",
  namespaced: false,
  storageVersion: "v1",
  versions: [served("storage", "v1", "CSIDriver")],
  returnsDeletedObject: true,
  requiresResourceVersionOnUpdate: true,
  hasGeneration: true,
  // Upstream's first generation is that of the first change.
  prepareForCreate: ({ metadata }) => void delete metadata.generation,
  applyDefaults,
  validate,
  validateUpdate: ({ spec }, { spec: old }) => [
    // Upstream spells the path so.
    ...unchanged("spec.attachedRequired", spec.attachRequired, old.attachRequired),
    ...unchanged("spec.fsGroupPolicy", spec.fsGroupPolicy, old.fsGroupPolicy),
    ...unchanged("spec.volumeLifecycleModes", spec.volumeLifecycleModes, old.volumeLifecycleModes),
  ],
  columns: [
    boolean("AttachRequired", ({ spec }) => spec.attachRequired ?? true),
    boolean("PodInfoOnMount", ({ spec }) => spec.podInfoOnMount ?? false),
    boolean("StorageCapacity", ({ spec }) => spec.storageCapacity ?? false),
    text("TokenRequests", ({ spec }) =>
      spec.tokenRequests ? spec.tokenRequests.map(({ audience }) => audience).join(",") : "<unset>",
    ),
    boolean("RequiresRepublish", ({ spec }) => spec.requiresRepublish ?? false),
    text("Modes", ({ spec }) => spec.volumeLifecycleModes?.join(",") || "<none>"),
    AGE,
  ],
});
