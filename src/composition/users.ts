import type { UserInfo } from "#http";

/** Who the parts of the control plane are to the API. Until there is RBAC, all of them may do everything. */
const component = (username: string): UserInfo => ({
  username,
  groups: ["system:masters", "system:authenticated"],
});

export const ADMIN = component("kubernetes-admin");
export const API_SERVER = component("system:apiserver");
export const CONTROLLER_MANAGER = component("system:kube-controller-manager");
export const SCHEDULER = component("system:kube-scheduler");
export const KUBELET = component("system:node");
