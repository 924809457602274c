import tls from "node:tls";

/** Where the platform is, and how to log in there as its administrator. */
export interface Connection {
  readonly keycloak: {
    /** Address with path, such as `https://ml.example.com/auth`. */
    readonly url: string;
    readonly loginRealm: string;
    readonly login:
      | { readonly clientId: string; readonly clientSecret: string }
      | { readonly clientId: string; readonly username: string; readonly password: string };
    readonly authority: CertificateFile | undefined;
  };
  readonly kubernetes: {
    /** The text of a kubeconfig; the usual file when absent. */
    readonly kubeconfig: string | undefined;
    readonly context: string | undefined;
  };
  readonly minio: {
    readonly endpoint: URL;
    readonly user: string;
    readonly password: string;
    readonly authority: CertificateFile | undefined;
  };
}

/** A file with certificates of authorities. */
export interface CertificateFile {
  readonly path: string;
  readonly text: string;
}

/** Lets this process trust the authorities of a private platform. */
export function trustAuthorities(files: readonly (CertificateFile | undefined)[]): void {
  const texts = files.flatMap((file) => file?.text ?? []);
  if (texts.length > 0) tls.setDefaultCACertificates([...tls.getCACertificates("default"), ...texts]);
}
