import { describe, expect, it } from "vitest";
import { asApiError, errorFromAnswer } from "./errors";

describe("errors", () => {
  it("keep the server's code, message, detail and request id", () => {
    const error = errorFromAnswer(412, {
      code: "revision_stale",
      message: "Somebody changed this finding. Reload it.",
      detail: { head: { digest: "ab" } },
      request_id: "r-1",
    });
    expect([error.status, error.code, error.message, error.requestId]).toEqual([
      412,
      "revision_stale",
      "Somebody changed this finding. Reload it.",
      "r-1",
    ]);
    expect(error.detail).toEqual({ head: { digest: "ab" } });
  });

  it("say what to do even when the answer is a bare page", () => {
    const error = errorFromAnswer(503, "<html>", "r-2");
    expect(error.code).toBe("http_503");
    expect(error.message).toMatch(/Try again/);
    expect(error.requestId).toBe("r-2");
  });

  it("are one kind, whatever was thrown", () => {
    expect(asApiError(new TypeError("x is undefined")).code).toBe("page_error");
  });
});
