import { badRequest, containerStatuses, type Pod } from "#objects";

/**
 * The id of the container run whose log is wanted (upstream validateContainerLogStatus).
 *
 * @throws StatusError BadRequest when there is none, with upstream's words.
 */
export function logSource(pod: Pod, name: string, previous: boolean): string {
  const { name: podName = "" } = pod.metadata;
  const what = `container ${JSON.stringify(name)} in pod ${JSON.stringify(podName)}`;
  const status = containerStatuses(pod).find((candidate) => candidate.name === name);
  if (!status) throw badRequest(`${what} is not available`);
  const { running, terminated, waiting } = status.state ?? {};
  const last = status.lastState?.terminated;
  if (previous) {
    if (last?.containerID) return last.containerID;
    throw badRequest(`previous terminated ${what} not found`);
  }
  const id = running ? status.containerID : (terminated?.containerID ?? last?.containerID);
  if (id) return id;
  if (terminated ?? last) throw badRequest(`${what} is terminated`);
  switch (waiting?.reason) {
    case undefined:
      throw badRequest(`${what} is waiting to start - no logs yet`);
    case "ErrImagePull":
      throw badRequest(`${what} is waiting to start: image can't be pulled`);
    case "ImagePullBackOff":
      throw badRequest(`${what} is waiting to start: trying and failing to pull image`);
    default:
      throw badRequest(`${what} is waiting to start: ${waiting?.reason}`);
  }
}
