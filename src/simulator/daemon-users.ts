import { DAEMON_SETS, NODES, type DaemonSet, type New } from "#objects";
import { named } from "./invariants/invariant.ts";
import type { UserOptions } from "./user.ts";

type Action = () => Promise<void>;

/** The label by which users say where daemons run. */
const ROLE = "role";

/** What users do with DaemonSets: `always`, and what moves Pods beside rollouts. */
export function daemonActions(options: UserOptions): { readonly always: Action[]; readonly stormy: Action[] } {
  const { client, random, truth, note, onAcknowledged } = options;
  let created = 0;
  const draw = <T>(items: readonly T[]) => (items.length === 0 ? undefined : items[random.int(items.length)]);
  const sets = () =>
    truth()
      .of<DaemonSet>("DaemonSet")
      .filter(({ metadata }) => !metadata.deletionTimestamp);
  const keyOf = ({ metadata }: DaemonSet) => ({ namespace: metadata.namespace ?? "", name: metadata.name ?? "" });

  const create = async () => {
    if (sets().length >= 2) return;
    const name = `agent-${++created}`;
    const updateStrategy = draw([
      { type: "OnDelete" },
      { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
      { type: "RollingUpdate", rollingUpdate: { maxUnavailable: "50%", maxSurge: 0 } },
      { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
    ])!;
    const onRole = random.int(3) === 0;
    note(`user creates DaemonSet ${name}, ${JSON.stringify(updateStrategy)}${onRole ? ", on edge nodes" : ""}`);
    const set = {
      metadata: { name, namespace: "default" },
      spec: {
        updateStrategy,
        selector: { matchLabels: { app: name } },
        template: {
          metadata: { labels: { app: name } },
          spec: {
            terminationGracePeriodSeconds: random.int(5),
            ...(onRole ? { nodeSelector: { [ROLE]: "edge" } } : {}),
            containers: [{ name: "main", image: "nginx:1", resources: {} }],
          },
        },
      },
    };
    onAcknowledged(await client.create(DAEMON_SETS, set as New<DaemonSet>));
  };

  const update = async () => {
    const set = draw(sets());
    if (!set) return;
    const image = `nginx:${1 + random.int(3)}`;
    note(`user sets the image of DaemonSet ${named(set)} to ${image}`);
    const body = { spec: { template: { spec: { containers: [{ name: "main", image }] } } } };
    onAcknowledged(await client.patch(DAEMON_SETS, keyOf(set), { type: "strategic", body }));
  };

  const remove = async () => {
    const set = random.int(3) === 0 ? draw(sets()) : undefined;
    if (!set) return;
    note(`user deletes DaemonSet ${named(set)}`);
    await client.delete(DAEMON_SETS, keyOf(set), { propagationPolicy: draw(["Background", "Foreground"] as const)! });
  };

  const label = async () => {
    const node = draw(truth().of("Node"));
    if (!node) return;
    const role = random.int(2) === 0 ? "edge" : null;
    note(`user labels ${named(node)} ${ROLE}=${role ?? ""}`);
    await client.patch(
      NODES,
      { namespace: "", name: named(node) },
      { type: "merge", body: { metadata: { labels: { [ROLE]: role } } } },
    );
  };

  return { always: [create, update, update, remove], stormy: [label] };
}
