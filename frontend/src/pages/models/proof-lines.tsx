import { Text } from "@mantine/core";
import type { TrainingEstimateOut } from "../../api/types";

/** What the test part can prove by the change plan, before anything is trained: yellow where it never can. */
export function ProofLines({ proof, plan }: { proof: TrainingEstimateOut["proof"]; plan: number }) {
  return (
    <div data-testid="proof" data-can-pass={proof.can_pass}>
      <Text size="sm" fw={600} mt={6}>
        What these test cases can prove, by change plan {plan}
      </Text>
      {proof.sentences.map((sentence) => (
        <Text key={sentence} size="sm" c={proof.can_pass ? undefined : "yellow"}>
          {sentence}
        </Text>
      ))}
    </div>
  );
}
