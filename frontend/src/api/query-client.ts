import { QueryCache, QueryClient } from "@tanstack/react-query";
import { ApiError } from "./errors";

/** The query client: answers with a 4xx are final, silence and 5xx are tried twice more. */
export function makeQueryClient(onSignedOut: () => void): QueryClient {
  return new QueryClient({
    queryCache: new QueryCache({
      onError: (error, query) => {
        if (error instanceof ApiError && error.notSignedIn && query.queryKey[0] !== "me") {
          onSignedOut();
        }
      },
    }),
    defaultOptions: {
      queries: {
        staleTime: 15_000,
        refetchOnWindowFocus: true,
        retry: (failures, error) =>
          failures < 2 && (!(error instanceof ApiError) || error.status === 0 || error.status >= 500),
      },
    },
  });
}
