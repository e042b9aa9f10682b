import { useQuery } from "@tanstack/react-query";
import { projectQuery } from "../api/projects";

/** How a label's key reads to people: its code meaning, or the key in plain words while the project is unknown. */
export function useLabelNames(project: string | undefined): (key: string) => string {
  const labels = useQuery(projectQuery(project ?? "")).data?.labels;
  return (key) => {
    const plain = key.charAt(0).toUpperCase() + key.slice(1).replaceAll("_", " ");
    return labels?.find((label) => label.key === key)?.code_meaning ?? plain;
  };
}
