/** The Service by which pods reach the cluster's DNS; it has had this name since before CoreDNS. */
export const DNS_SERVICE = { namespace: "kube-system", name: "kube-dns" } as const;
