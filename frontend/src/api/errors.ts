/** The one error of the front end: what the API answered, or why no answer came. Branch on `code`. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly detail: Record<string, unknown>;
  readonly requestId: string;

  constructor(fields: {
    status: number;
    code: string;
    message: string;
    detail?: Record<string, unknown>;
    requestId?: string;
  }) {
    super(fields.message);
    this.name = "ApiError";
    this.status = fields.status;
    this.code = fields.code;
    this.detail = fields.detail ?? {};
    this.requestId = fields.requestId ?? "";
  }

  get notSignedIn(): boolean {
    return this.status === 401 || this.code === "not_authenticated" || this.code === "not_signed_in";
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const withoutBody: Record<number, string> = {
  401: "You are not signed in. Sign in and try again.",
  403: "Your role does not allow this. Ask an admin of the project.",
  404: "There is nothing here, or it belongs to a project you are not a member of.",
  413: "The file is larger than the server accepts.",
  502: "The server is not answering. Try again in a moment.",
  503: "The server is starting or busy. Try again in a moment.",
};

/** Turn an answer's status and body (already parsed, or text) into the one error. */
export function errorFromAnswer(status: number, body: unknown, requestIdHeader = ""): ApiError {
  if (isRecord(body)) {
    const { code, message, detail, request_id: requestId } = body;
    if (typeof code === "string" && typeof message === "string") {
      return new ApiError({
        status,
        code,
        message,
        detail: isRecord(detail) ? detail : {},
        requestId: typeof requestId === "string" ? requestId : requestIdHeader,
      });
    }
    if (typeof detail === "string") {
      return new ApiError({ status, code: `http_${status}`, message: detail, requestId: requestIdHeader });
    }
  }
  return new ApiError({
    status,
    code: `http_${status}`,
    message:
      withoutBody[status] ??
      `The server answered with status ${status}. Try again; if it stays, tell an admin.`,
    requestId: requestIdHeader,
  });
}

/** The error of a request that got no answer at all. */
export function errorFromSilence(): ApiError {
  return new ApiError({
    status: 0,
    code: "server_unreachable",
    message: "The server cannot be reached. Check the network; your work is kept and you can try again.",
  });
}

/** Any thrown thing as an ApiError, so that every place shows errors the same way. */
export function asApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) {
    return thrown;
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new ApiError({ status: 0, code: "page_error", message });
}
