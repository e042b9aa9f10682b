/** What actions need from the page they run in. */
export interface ActionPorts {
  openCase(workitemId: string, mode: "read" | "review"): void;
  openWorklist(): void;
  openPalette(): void;
  reportProblem(thrown: unknown): void;
}

const nowhere: ActionPorts = {
  openCase() {},
  openWorklist() {},
  openPalette() {},
  reportProblem() {},
};

let ports = nowhere;

export function connectPorts(page: ActionPorts): () => void {
  ports = page;
  return () => {
    if (ports === page) {
      ports = nowhere;
    }
  };
}

export const actionPorts = (): ActionPorts => ports;
