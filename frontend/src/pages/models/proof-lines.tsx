import { Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { proofQuery, type TestPatients } from "../../api/models";
import type { FamilyOut, ProofOut } from "../../api/types";

/** What the test part can prove by the change plan, before anything is trained: yellow where it never can. */
export function ProofLines({ proof, plan, of }: { proof: ProofOut; plan: number; of?: string }) {
  return (
    <div data-testid="proof" data-can-pass={proof.can_pass}>
      <Text size="sm" fw={600} mt={6}>
        What these test cases can prove{of ? ` of ${of}` : ""}, by change plan {plan}
      </Text>
      {proof.sentences.map((sentence) => (
        <Text key={sentence} size="sm" c={proof.can_pass ? undefined : "yellow"}>
          {sentence}
        </Text>
      ))}
    </div>
  );
}

/** The same of a test part that is not frozen yet. */
export function ProofOfPatients({ family, patients }: { family: FamilyOut; patients: TestPatients }) {
  const proof = useQuery(proofQuery(family.id, patients));
  return proof.data ? <ProofLines proof={proof.data} plan={family.plan.number} of={family.title} /> : null;
}
