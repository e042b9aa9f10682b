import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
  retainSearchParams,
} from "@tanstack/react-router";
import { meQuery } from "../api/auth";
import { asApiError } from "../api/errors";
import { parsePlainSearch, stringifyPlainSearch } from "../api/plain-search";
import type { MeOut } from "../api/types";
import { uploads } from "../state/uploads";
import { readWorklistSearch, type WorklistSearch } from "../state/worklist-filters";
import { firstWorklist } from "../state/worklist-place";
import { AppFrame } from "../ui/app-frame";
import { Loading } from "../ui/page-states";
import { NotFoundPage, RouteErrorPage } from "./error-pages";

const rootRoute = createRootRouteWithContext<{ queries: QueryClient }>()({
  component: Outlet,
  notFoundComponent: NotFoundPage,
});

const readNext = (raw: Record<string, unknown>): { next?: string } =>
  typeof raw.next === "string" && raw.next.startsWith("/") && !raw.next.startsWith("//")
    ? { next: raw.next }
    : {};

const loginRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/login",
  validateSearch: readNext,
  component: lazyRouteComponent(() => import("./login/login-page"), "LoginPage"),
});

const firstPasswordRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/first-password",
  validateSearch: readNext,
  beforeLoad: async ({ context, search }) => {
    const me = await context.queries.ensureQueryData(meQuery).catch(() => null);
    if (!me?.must_change_password) {
      throw redirect(me ? { to: "/worklist" } : { to: "/login", search });
    }
  },
  component: lazyRouteComponent(() => import("./login/first-password-page"), "FirstPasswordPage"),
});

/** Everything behind the door: the frame, and the project that the address names. */
const appRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: "app",
  validateSearch: (raw: Record<string, unknown>): { project?: string } =>
    typeof raw.project === "string" && raw.project !== "" ? { project: raw.project } : {},
  search: { middlewares: [retainSearchParams(["project"])] },
  beforeLoad: async ({ context, location }) => {
    let me: MeOut;
    try {
      me = await context.queries.ensureQueryData(meQuery);
    } catch (thrown) {
      if (asApiError(thrown).notSignedIn || asApiError(thrown).status === 403) {
        throw redirect({ to: "/login", search: location.href === "/" ? {} : { next: location.href } });
      }
      throw thrown;
    }
    uploads.belongTo(me.id);
    if (me.must_change_password) {
      throw redirect({ to: "/first-password", search: location.href === "/" ? {} : { next: location.href } });
    }
  },
  component: () => (
    <AppFrame>
      <Outlet />
    </AppFrame>
  ),
});

const inApp = () => appRoute;

const routeTree = rootRoute.addChildren([
  loginRoute,
  firstPasswordRoute,
  appRoute.addChildren([
    createRoute({
      getParentRoute: inApp,
      path: "/",
      beforeLoad: async ({ context }) => {
        throw redirect({
          to: "/worklist",
          search: firstWorklist(await context.queries.ensureQueryData(meQuery)),
        });
      },
    }),
    createRoute({
      getParentRoute: inApp,
      path: "/worklist",
      validateSearch: (raw: Record<string, unknown>): WorklistSearch => readWorklistSearch(raw),
      component: lazyRouteComponent(() => import("./worklist/worklist-page"), "WorklistPage"),
    }),
    createRoute({
      getParentRoute: inApp,
      path: "/read/$workitemId",
      validateSearch: (raw: Record<string, unknown>): { mode?: "read" | "review" } =>
        raw.mode === "review" || raw.mode === "read" ? { mode: raw.mode } : {},
      component: lazyRouteComponent(() => import("./read/read-page")),
    }),
    createRoute({
      getParentRoute: inApp,
      path: "/first-steps",
      component: lazyRouteComponent(() => import("./first-steps/first-steps-page"), "FirstStepsPage"),
    }),
    createRoute({
      getParentRoute: inApp,
      path: "/upload",
      component: lazyRouteComponent(() => import("./upload/upload-page"), "UploadPage"),
    }),
    createRoute({
      getParentRoute: inApp,
      path: "/datasets",
      validateSearch: (raw: Record<string, unknown>): { snapshot?: string } =>
        typeof raw.snapshot === "string" ? { snapshot: raw.snapshot } : {},
      component: lazyRouteComponent(() => import("./datasets/datasets-page"), "DatasetsPage"),
    }),
    createRoute({
      getParentRoute: inApp,
      path: "/datasets/$snapshotId/sheet",
      component: lazyRouteComponent(() => import("./datasets/datasheet-page"), "DatasheetPage"),
    }),
    createRoute({
      getParentRoute: inApp,
      path: "/datasets/doubtful",
      validateSearch: (raw: Record<string, unknown>): { snapshot?: string } =>
        typeof raw.snapshot === "string" ? { snapshot: raw.snapshot } : {},
      component: lazyRouteComponent(() => import("./datasets/doubtful-page"), "DoubtfulPage"),
    }),
    createRoute({
      getParentRoute: inApp,
      path: "/models",
      component: lazyRouteComponent(() => import("./models/models-page"), "ModelsPage"),
    }),
    createRoute({
      getParentRoute: inApp,
      path: "/models/$family",
      validateSearch: (raw: Record<string, unknown>): { train?: string } =>
        typeof raw.train === "string" ? { train: raw.train } : {},
      component: lazyRouteComponent(() => import("./models/family-page"), "FamilyPage"),
    }),
    createRoute({
      getParentRoute: inApp,
      path: "/training/$trainingId",
      component: lazyRouteComponent(() => import("./training/training-page"), "TrainingPage"),
    }),
    createRoute({
      getParentRoute: inApp,
      path: "/reports/$reportId",
      component: lazyRouteComponent(() => import("./reports/report-page"), "ReportPage"),
    }),
    createRoute({
      getParentRoute: inApp,
      path: "/admin/users",
      component: lazyRouteComponent(() => import("./admin/users-page"), "UsersPage"),
    }),
    createRoute({
      getParentRoute: inApp,
      path: "/admin/projects",
      component: lazyRouteComponent(() => import("./admin/projects-page"), "ProjectsPage"),
    }),
    createRoute({
      getParentRoute: inApp,
      path: "/admin/projects/$slug",
      component: lazyRouteComponent(() => import("./admin/project-page"), "ProjectPage"),
    }),
    createRoute({
      getParentRoute: inApp,
      path: "/admin/archive",
      component: lazyRouteComponent(() => import("./admin/archive-page"), "ArchivePage"),
    }),
    createRoute({
      getParentRoute: inApp,
      path: "/studies",
      component: lazyRouteComponent(() => import("./studies/without-images-page"), "WithoutImagesPage"),
    }),
    createRoute({
      getParentRoute: inApp,
      path: "/studies/$uid",
      component: lazyRouteComponent(() => import("./studies/study-page"), "StudyPage"),
    }),
    createRoute({
      getParentRoute: inApp,
      path: "/admin/audit",
      validateSearch: (
        raw: Record<string, unknown>,
      ): { object_kind?: string; object_id?: string; actor?: string; event_type?: string } =>
        Object.fromEntries(
          ["object_kind", "object_id", "actor", "event_type"].flatMap((name) =>
            typeof raw[name] === "string" && raw[name] !== "" ? [[name, raw[name]]] : [],
          ),
        ),
      component: lazyRouteComponent(() => import("./admin/audit-page"), "AuditPage"),
    }),
    createRoute({
      getParentRoute: inApp,
      path: "/admin/system",
      component: lazyRouteComponent(() => import("./admin/system-page"), "SystemPage"),
    }),
    createRoute({
      getParentRoute: inApp,
      path: "/account",
      component: lazyRouteComponent(() => import("./account/account-page"), "AccountPage"),
    }),
    createRoute({
      getParentRoute: inApp,
      path: "/about",
      component: lazyRouteComponent(() => import("./about/about-page"), "AboutPage"),
    }),
  ]),
]);

/** The client-side routes; each page is its own chunk. */
export function makeRouter(queries: QueryClient) {
  return createRouter({
    routeTree,
    context: { queries },
    parseSearch: parsePlainSearch,
    stringifySearch: stringifyPlainSearch,
    defaultPreload: "intent",
    defaultPreloadStaleTime: 0,
    defaultPendingComponent: () => <Loading what="the page" />,
    defaultErrorComponent: RouteErrorPage,
    defaultNotFoundComponent: NotFoundPage,
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
