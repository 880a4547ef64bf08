import type { CertificateSigningRequest } from "#objects";
import { forbid, type AdmissionPlugin } from "../contract.ts";
import { organizationsOf } from "./certificate-request.ts";

const SIGNER = "kubernetes.io/kube-apiserver-client";
const MASTERS = "system:masters";

/** No certificate is asked for that makes an administrator (plugin/pkg/admission/certificates/subjectrestriction). */
export const certificateSubjectRestriction: AdmissionPlugin = {
  name: "CertificateSubjectRestriction",
  handles: ({ operation, group, resource, subresource }) =>
    operation === "CREATE" &&
    group === "certificates.k8s.io" &&
    resource === "certificatesigningrequests" &&
    subresource === "",
  validate(object, _, attributes) {
    const { spec } = object as CertificateSigningRequest;
    if (spec?.signerName !== SIGNER) return;
    const found = organizationsOf(spec.request);
    if (typeof found === "string") throw forbid(attributes, object, `failed to parse CSR: ${found}`);
    if (found.includes(MASTERS)) {
      throw forbid(attributes, object, `use of ${SIGNER} signer with ${MASTERS} group is not allowed`);
    }
  },
};
