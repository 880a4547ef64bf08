import { isClaimBound, VOLUME_ZONE_LABELS, zonesOfVolume } from "#objects";
import type { StorageView } from "../volumes/storage.ts";
import { refusal, type FilterPlugin } from "./plugin.ts";

const PLUGIN = "VolumeZone";
const OTHER_ZONE = refusal(PLUGIN, false, "node(s) had no available volume zone");

/** What became of the labels of the beta. */
const SUCCESSORS: Readonly<Record<string, string>> = {
  "failure-domain.beta.kubernetes.io/zone": "topology.kubernetes.io/zone",
  "failure-domain.beta.kubernetes.io/region": "topology.kubernetes.io/region",
};

/** A volume that says by labels where it is can be used only there, if the node says where it is. */
export function volumeZone(storage: StorageView): FilterPlugin {
  return {
    name: PLUGIN,
    prepare({ namespace, claims }) {
      const wanted = claims.flatMap(({ name }) => {
        const claim = storage.claim(`${namespace}/${name}`);
        const volume = claim && isClaimBound(claim) ? storage.volume(claim.spec?.volumeName ?? "") : undefined;
        return volume ? zonesOfVolume(volume) : [];
      });
      if (wanted.length === 0) return undefined;
      return {
        filter({ labels }) {
          if (!VOLUME_ZONE_LABELS.some((label) => labels?.[label] !== undefined)) return undefined;
          const fits = wanted.every(({ label, values }) => {
            const place = labels?.[label] ?? labels?.[SUCCESSORS[label] ?? ""];
            return place !== undefined && values.includes(place);
          });
          return fits ? undefined : OTHER_ZONE;
        },
      };
    },
  };
}
