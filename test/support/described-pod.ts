/** What `kubectl describe pod` prints of a pod that runs, as upstream's would; runs of spaces are two, and what differs each time has a name. */
export const DESCRIBED_POD = `Name:  web
Namespace:  described
Priority:  0
Service Account:  default
Node:  NODE/192.0.2.2
Start Time:  TIME
Labels:  app=web
Status:  Running
IP:  POD-IP
IPs:
  IP:  POD-IP
Containers:
  main:
    Container ID:  containerd://HASH
    Image:  test/server:1
    Image ID:  docker.io/test/server@sha256:HASH
    Port:  8080/TCP
    Host Port:  0/TCP
    Args:
      --name
      me
    State:  Running
      Started:  TIME
    Ready:  True
    Restart Count:  0
    Limits:
      memory:  64Mi
    Requests:
      cpu:  50m
      memory:  64Mi
    Readiness:  http-get http://:8080/readyz delay=0s timeout=1s period=1s #success=1 #failure=3
    Environment:
      A:  a
    Mounts:
      /var/run/secrets/kubernetes.io/serviceaccount from kube-api-access-XXXXX (ro)
Conditions:
  Type  Status
  PodReadyToStartContainers  True
  Initialized  True
  Ready  True
  ContainersReady  True
  PodScheduled  True
Volumes:
  kube-api-access-XXXXX:
    Type:  Projected (a volume that contains injected data from multiple sources)
    TokenExpirationSeconds:  3607
    ConfigMapName:  kube-root-ca.crt
    Optional:  false
    DownwardAPI:  true
QoS Class:  Burstable
Node-Selectors:  <none>
Tolerations:  node.kubernetes.io/not-ready:NoExecute op=Exists for 300s
                             node.kubernetes.io/unreachable:NoExecute op=Exists for 300s
Events:
  Type  Reason  Age  From  Message
  ----  ------  ----  ----  -------
  Normal  Scheduled  AGE default-scheduler  Successfully assigned described/web to NODE
  Normal  Pulling  AGE kubelet  spec.containers{main}: Pulling image "test/server:1"
  Normal  Pulled  AGE kubelet  spec.containers{main}: Successfully pulled image "test/server:1" in T (T including waiting). Image size: N bytes.
  Normal  Created  AGE kubelet  spec.containers{main}: Container created
  Normal  Started  AGE kubelet  spec.containers{main}: Container started
`;
