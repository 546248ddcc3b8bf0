/** Error codes of the OCI distribution specification 1.1 ("Error Codes"), and those that registries share beside it. */
export type OciErrorCode =
  | "BLOB_UNKNOWN"
  | "BLOB_UPLOAD_INVALID"
  | "BLOB_UPLOAD_UNKNOWN"
  | "DIGEST_INVALID"
  | "MANIFEST_BLOB_UNKNOWN"
  | "MANIFEST_INVALID"
  | "MANIFEST_UNKNOWN"
  | "NAME_INVALID"
  | "NAME_UNKNOWN"
  | "PAGINATION_NUMBER_INVALID"
  | "SIZE_INVALID"
  | "TAG_INVALID"
  | "TAG_UNKNOWN"
  | "UNAUTHORIZED"
  | "DENIED"
  | "UNSUPPORTED"
  | "REGISTRY_DISALLOWED_OPERATION"
  | "TOOMANYREQUESTS"
  | "UNKNOWN";

export interface OciErrorOptions {
  readonly headers?: Readonly<Record<string, string>>;
}

/** A request that the registry answers with an error body; the message is meant for the client. */
export class OciError extends Error {
  override readonly name = "OciError";
  readonly status: number;
  readonly code: OciErrorCode;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: OciErrorCode, message: string, options: OciErrorOptions = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = options.headers ?? {};
  }
}
