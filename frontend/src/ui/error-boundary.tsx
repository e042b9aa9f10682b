import { Button, Group } from "@mantine/core";
import { Component, type ReactNode } from "react";
import { Failed } from "./page-states";

interface State {
  error: unknown;
}

/** Catches what a page throws while drawing, says so, and offers a way on; the frame around it stays. */
export class ErrorBoundary extends Component<{ children: ReactNode; what: string; place?: string }, State> {
  override state: State = { error: null };

  static getDerivedStateFromError(error: unknown): State {
    return { error };
  }

  override componentDidUpdate(before: { place?: string }): void {
    if (before.place !== this.props.place && this.state.error !== null) {
      this.setState({ error: null });
    }
  }

  override render(): ReactNode {
    if (this.state.error === null) {
      return this.props.children;
    }
    return (
      <>
        <Failed
          error={this.state.error}
          what={this.props.what}
          onRetry={() => this.setState({ error: null })}
        />
        <Group px="md">
          <Button variant="subtle" onClick={() => window.location.assign("/worklist")}>
            Go to the worklist
          </Button>
          <Button variant="subtle" onClick={() => window.location.reload()}>
            Reload the page
          </Button>
        </Group>
      </>
    );
  }
}
