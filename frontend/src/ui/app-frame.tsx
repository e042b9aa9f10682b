import { Select, Tooltip } from "@mantine/core";
import { Link, useLocation, useNavigate, useSearch } from "@tanstack/react-router";
import { type ReactNode, useEffect } from "react";
import { live } from "../api/live";
import { may, useConnection, useMe } from "../state/session";
import classes from "./app-frame.module.css";
import { ErrorBoundary } from "./error-boundary";
import { UserMenu } from "./user-menu";

const connectionWords = {
  idle: "Not connected",
  connecting: "Connecting",
  live: "Live",
  offline: "Offline, retrying",
} as const;

const everyProject = "*";

function ProjectSwitcher() {
  const me = useMe();
  const project = useSearch({ strict: false }).project;
  const navigate = useNavigate();
  const known = me?.projects.some((row) => row.slug === project);
  return (
    <Select
      aria-label="Project"
      data-testid="project-switcher"
      w={230}
      searchable={(me?.projects.length ?? 0) > 8}
      value={project && known ? project : everyProject}
      data={[
        { value: everyProject, label: "All projects" },
        ...(me?.projects ?? []).map((row) => ({ value: row.slug, label: row.title })),
      ]}
      onChange={(chosen) => {
        void navigate({
          to: ".",
          search: (before: Record<string, unknown>) => ({
            ...before,
            project: chosen === everyProject || chosen === null ? undefined : chosen,
          }),
        });
      }}
    />
  );
}

function ConnectionState() {
  const connection = useConnection();
  return (
    <Tooltip
      label={
        connection === "live"
          ? "Changes by others appear by themselves"
          : "Live updates are paused; what you see may be old. Your own work is still saved when the server answers."
      }
      multiline
      maw={280}
    >
      <span className={classes.connection} role="status" data-testid="connection-state">
        <span className={classes.dot} data-connection={connection} aria-hidden />
        {connectionWords[connection]}
      </span>
    </Tooltip>
  );
}

function Navigation() {
  const me = useMe();
  return (
    <nav className={classes.nav} aria-label="Main">
      <Link to="/worklist" className={classes.link} activeOptions={{ includeSearch: false }}>
        Worklist
      </Link>
      {may(me, "study.store") ? (
        <Link to="/upload" className={classes.link} activeOptions={{ includeSearch: false }}>
          Upload
        </Link>
      ) : null}
      {may(me, "snapshot.read") ? (
        <Link to="/datasets" className={classes.link} activeOptions={{ includeSearch: false }}>
          Datasets
        </Link>
      ) : null}
      {may(me, "model.read") ? (
        <Link to="/models" className={classes.link} activeOptions={{ includeSearch: false }}>
          Models
        </Link>
      ) : null}
      {may(me, "project.change") || may(me, "project.create") ? (
        <Link to="/admin/projects" className={classes.link} activeOptions={{ includeSearch: false }}>
          Projects
        </Link>
      ) : null}
      {may(me, "user.change") ? (
        <Link to="/admin/users" className={classes.link} activeOptions={{ includeSearch: false }}>
          Users
        </Link>
      ) : null}
      {may(me, "archive.decide") ? (
        <Link to="/admin/archive" className={classes.link} activeOptions={{ includeSearch: false }}>
          Archive
        </Link>
      ) : null}
      {may(me, "audit.read") ? (
        <Link to="/admin/audit" className={classes.link} activeOptions={{ includeSearch: false }}>
          Audit
        </Link>
      ) : null}
      {may(me, "system.read") ? (
        <Link to="/admin/system" className={classes.link} activeOptions={{ includeSearch: false }}>
          System
        </Link>
      ) : null}
    </nav>
  );
}

/** The top bar with everything a page needs around it; keeps the live line open while signed in. */
export function AppFrame({ children }: { children: ReactNode }) {
  const path = useLocation({ select: (location) => location.pathname });
  useEffect(() => {
    live.start();
    return () => live.stop();
  }, []);
  return (
    <div className={classes.frame}>
      <a href="#page" className={classes.skip}>
        Skip to the page
      </a>
      <header className={classes.bar}>
        <Link to="/worklist" className={classes.brand} aria-label="Overread, to the worklist">
          <svg width="20" height="20" viewBox="0 0 20 20" aria-hidden="true">
            <circle cx="8.5" cy="8.5" r="6.5" fill="none" stroke="var(--ov-accent)" strokeWidth="2" />
            <circle cx="8.5" cy="8.5" r="2.4" fill="var(--ov-ai)" />
            <path d="M13.4 13.4 18 18" stroke="var(--ov-accent)" strokeWidth="2" strokeLinecap="round" />
          </svg>
          Overread
        </Link>
        <ProjectSwitcher />
        <Navigation />
        <div className={classes.spacer} />
        <Tooltip label="Not a medical device. Do not use for diagnosis or treatment." multiline maw={260}>
          <span className={classes.notice}>Research use only</span>
        </Tooltip>
        <ConnectionState />
        <UserMenu />
      </header>
      <main id="page" className={classes.main} tabIndex={-1}>
        <ErrorBoundary place={path} what="this page">
          {children}
        </ErrorBoundary>
      </main>
    </div>
  );
}
