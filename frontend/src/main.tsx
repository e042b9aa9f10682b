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
import { live } from "./api/live";
import { keepFresh } from "./api/live-invalidation";
import { makeQueryClient } from "./api/query-client";
import { makeRouter } from "./pages/router";
import { ErrorBoundary } from "./ui/error-boundary";
import { publishNonce } from "./ui/nonce";
import { theme } from "./ui/theme";

const nonce = publishNonce();

const leave = () => {
  live.stop();
  queries.removeQueries({ queryKey: meQuery.queryKey });
  void router.invalidate();
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
          <Notifications position="bottom-right" limit={4} zIndex="var(--ov-z-toast)" />
          <ErrorBoundary what="Overread">
            <RouterProvider router={router} />
          </ErrorBoundary>
        </ModalsProvider>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
