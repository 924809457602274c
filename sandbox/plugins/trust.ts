import tls from "node:tls";

/** Trusts one more certificate authority. A provider has a process of its own, so that this holds for all of it. */
export function trust(certificate: string): void {
  tls.setDefaultCACertificates([...tls.getCACertificates("default"), certificate]);
}
