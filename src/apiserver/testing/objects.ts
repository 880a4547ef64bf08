import assert from "node:assert/strict";
import type { ConfigMap } from "#objects";
import type { ApiWorld } from "./world.ts";

export const CMS = "/api/v1/namespaces/default/configmaps";
export const DEPLOYS = "/apis/apps/v1/namespaces/default/deployments";
export const json = { "content-type": "application/json" };

export const configMap = (name: string, data: Record<string, string> = {}) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name },
  data,
});

export const deployment = (name: string, replicas = 1) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: "c", image: "nginx" }] } },
  },
});

export const created = async (api: ApiWorld, name = "a", data: Record<string, string> = { x: "1" }) => {
  const answer = await api.ask(`POST ${CMS}`, { body: configMap(name, data), headers: json });
  assert.equal(answer.status, 201, answer.text);
  return answer.json<ConfigMap>();
};
