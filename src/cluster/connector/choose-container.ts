import { badRequest, type Pod } from "#objects";

/**
 * The container that a request is about, by the name it gives or because there is only one.
 *
 * @throws StatusError BadRequest, with the words of upstream's registry/core/pod validateContainer.
 */
export function chooseContainer(pod: Pod, wanted: string): string {
  const { containers = [], initContainers = [], ephemeralContainers = [] } = pod.spec ?? {};
  const namesOf = (list: readonly { readonly name: string }[]) => list.map(({ name }) => name);
  const names = [...namesOf(containers), ...namesOf(initContainers), ...namesOf(ephemeralContainers)];
  const { name = "" } = pod.metadata;
  if (wanted) {
    if (names.includes(wanted)) return wanted;
    throw badRequest(`container ${wanted} is not valid for pod ${name}`);
  }
  if (containers.length === 1) return containers[0]!.name;
  const others = [
    ["init containers", initContainers],
    ["ephemeral containers", ephemeralContainers],
  ] as const;
  const further = others
    .filter(([, list]) => list.length > 0)
    .map(([what, list]) => ` or one of the ${what}: [${namesOf(list).join(" ")}]`)
    .join("");
  throw badRequest(
    `a container name must be specified for pod ${name}, choose one of: [${namesOf(containers).join(" ")}]${further}`,
  );
}
