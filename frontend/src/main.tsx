import "@mantine/core/styles.css";
import "@mantine/notifications/styles.css";
import "@mantine/spotlight/styles.css";
import "./ui/tokens.css";

import { MantineProvider } from "@mantine/core";
import { ModalsProvider } from "@mantine/modals";
import { Notifications } from "@mantine/notifications";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { meQuery } from "./api/auth";
import { asApiError } from "./api/errors";
import { live } from "./api/live";
import { keepFresh } from "./api/live-invalidation";
import { leaveFor } from "./api/page-owner";
import { makeQueryClient } from "./api/query-client";
import { makeRouter } from "./pages/router";
import { ErrorBoundary } from "./ui/error-boundary";
import { publishNonce } from "./ui/nonce";
import { theme } from "./ui/theme";

const nonce = publishNonce();

/** An answer or the live line says that the session has ended: ask once who is signed in, and go to the door. */
const leave = () => {
  queries.fetchQuery({ ...meQuery, staleTime: 0 }).then(
    () => live.start(),
    (thrown: unknown) => {
      if (asApiError(thrown).notSignedIn && window.location.pathname !== "/login") {
        live.stop();
        leaveFor(`/login?next=${encodeURIComponent(window.location.pathname + window.location.search)}`);
      }
    },
  );
};
const queries = makeQueryClient(leave);
const router = makeRouter(queries);
keepFresh(queries, live);
live.whenSignedOut = leave;

const place = document.getElementById("root");
if (!place) {
  throw new Error("The page has no element with the id root.");
}
createRoot(place).render(
  <StrictMode>
    <MantineProvider theme={theme} forceColorScheme="dark" getStyleNonce={() => nonce}>
      <QueryClientProvider client={queries}>
        <ModalsProvider>
          <Notifications position="bottom-left" limit={4} zIndex="var(--ov-z-toast)" />
          <ErrorBoundary what="Overread">
            <RouterProvider router={router} />
          </ErrorBoundary>
        </ModalsProvider>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
