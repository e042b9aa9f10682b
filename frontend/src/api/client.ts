import { csrfToken } from "./csrf";
import { errorFromAnswer, errorFromSilence } from "./errors";
import { otherPerson, ownerHeader, pageOwner } from "./page-owner";
import type { paths } from "./schema.gen";

type Filled<Path> = Path extends `${infer Head}{${string}}${infer Tail}`
  ? `${Head}${string}${Filled<Tail>}`
  : Path;
type UnderRoot<Path> = Path extends `/api/v1/${infer Rest}` ? Filled<Rest> : never;

/** An address of the API, without its root: the compiler knows them all from the generated schema. */
export type ApiPath = UnderRoot<keyof paths>;

export type Query = Record<string, string | number | boolean | null | undefined>;
export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export interface Call {
  query?: Query;
  body?: unknown;
  /** The version or digest the change is based on; sent as a quoted ETag. */
  ifMatch?: string | number;
  signal?: AbortSignal;
}

/** Build an address under the API root; empty values are left out. */
export function apiUrl(path: ApiPath, query?: Query): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== null && value !== "") {
      search.set(name, String(value));
    }
  }
  const tail = search.toString();
  return `/api/v1/${path}${tail ? `?${tail}` : ""}`;
}

/** Send one request with session cookie and CSRF header; throws ApiError. The raw answer, for binary bodies. */
export async function fetchApi(method: Method, path: ApiPath, call: Call = {}): Promise<Response> {
  const headers = new Headers({ Accept: "application/json, application/octet-stream" });
  if (method !== "GET") {
    headers.set("X-CSRFToken", csrfToken());
  }
  const owner = pageOwner();
  // Asking who is signed in is how a page learns that it is somebody else.
  if (owner !== null && !(method === "GET" && path === "auth/me")) {
    headers.set(ownerHeader, owner);
  }
  if (call.ifMatch !== undefined) {
    headers.set("If-Match", `"${call.ifMatch}"`);
  }
  let body: BodyInit | undefined;
  if (call.body instanceof FormData) {
    body = call.body;
  } else if (call.body !== undefined) {
    headers.set("Content-Type", "application/json");
    body = JSON.stringify(call.body);
  }
  let answer: Response;
  try {
    answer = await fetch(apiUrl(path, call.query), {
      method,
      headers,
      body,
      credentials: "same-origin",
      signal: call.signal,
    });
  } catch (thrown) {
    if (thrown instanceof DOMException && thrown.name === "AbortError") {
      throw thrown;
    }
    throw errorFromSilence();
  }
  if (!answer.ok) {
    const error = errorFromAnswer(
      answer.status,
      await parsed(answer),
      answer.headers.get("X-Request-ID") ?? "",
    );
    if (error.code === "other_person") {
      otherPerson();
    }
    throw error;
  }
  return answer;
}

async function parsed(answer: Response): Promise<unknown> {
  const text = await answer.text();
  if (!text) {
    return undefined;
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** Send one request and read its JSON answer (`undefined` for 204); throws ApiError. */
export async function send<Answer>(method: Method, path: ApiPath, call: Call = {}): Promise<Answer> {
  const answer = await fetchApi(method, path, call);
  return (await parsed(answer)) as Answer;
}

export const get = <Answer>(path: ApiPath, query?: Query, signal?: AbortSignal) =>
  send<Answer>("GET", path, { query, signal });
export const post = <Answer>(path: ApiPath, body?: unknown, call: Omit<Call, "body"> = {}) =>
  send<Answer>("POST", path, { ...call, body: body ?? {} });
export const patch = <Answer>(path: ApiPath, body: unknown, call: Omit<Call, "body"> = {}) =>
  send<Answer>("PATCH", path, { ...call, body });
export const put = <Answer>(path: ApiPath, body: unknown) => send<Answer>("PUT", path, { body });
export const remove = <Answer>(path: ApiPath, call: Call = {}) => send<Answer>("DELETE", path, call);

/** Lists that do not grow may come bare or as a page; both read the same. */
export function rowsOf<Row>(answer: Row[] | { results: Row[] }): Row[] {
  return Array.isArray(answer) ? answer : answer.results;
}
