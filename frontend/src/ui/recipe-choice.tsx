import { Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { recipesQuery } from "../api/models";
import { questionsQuery } from "../api/snapshots";
import type { LabelOut, QuestionOut, RecipeOut } from "../api/types";

/** The labels that a question asks for: said of an image, drawn, or painted. */
export function labelsFor(question: QuestionOut | undefined, labels: LabelOut[]): LabelOut[] {
  return labels.filter((label) => question && !label.retired_at && label.uses.includes(question.label_use));
}

/** The question of that name, once the server has said which there are. */
export function useQuestion(name: string | undefined): QuestionOut | undefined {
  return useQuery(questionsQuery).data?.find((question) => question.name === name);
}

/** The recipe of that name, once the server has said which there are; the first where none is named. */
export function useRecipe(name: string | null): RecipeOut | undefined {
  const recipes = useQuery(recipesQuery).data;
  return name === null ? recipes?.[0] : recipes?.find((recipe) => recipe.name === name);
}

/** One of the recipes there are, with a sentence on what it does. */
export function RecipeChoice({
  value,
  onChange,
  testId,
}: {
  value: string;
  onChange: (name: string) => void;
  testId?: string;
}) {
  const recipes = useQuery(recipesQuery).data ?? [];
  return <OneOf what="Recipe" rows={recipes} value={value} onChange={onChange} testId={testId} />;
}

/** One of the questions that a dataset can ask, with a sentence on what its rows are. */
export function QuestionChoice({
  value,
  onChange,
  testId,
}: {
  value: string;
  onChange: (name: string) => void;
  testId?: string;
}) {
  const questions = useQuery(questionsQuery).data ?? [];
  return <OneOf what="What is asked" rows={questions} value={value} onChange={onChange} testId={testId} />;
}

function OneOf({
  what,
  rows,
  value,
  onChange,
  testId,
}: {
  what: string;
  rows: { name: string; title: string; description: string }[];
  value: string;
  onChange: (name: string) => void;
  testId: string | undefined;
}) {
  return (
    <Select
      label={what}
      description={rows.find((row) => row.name === value)?.description}
      inputWrapperOrder={["label", "input", "description"]}
      data={rows.map((row) => ({ value: row.name, label: row.title }))}
      value={value}
      allowDeselect={false}
      onChange={(name) => onChange(name ?? value)}
      data-testid={testId}
    />
  );
}
