import { SegmentedControl, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { recipesQuery } from "../api/models";
import type { LabelOut, RecipeName, RecipeOut } from "../api/types";

/** The labels that a recipe can learn: said of an image, or painted. */
export function labelsFor(recipe: RecipeOut | undefined, labels: LabelOut[]): LabelOut[] {
  return labels.filter((label) => recipe && !label.retired_at && label.uses.includes(recipe.label_use));
}

/** The recipe of that name, once the server has said which there are. */
export function useRecipe(name: RecipeName): RecipeOut | undefined {
  return useQuery(recipesQuery).data?.find((recipe) => recipe.name === name);
}

/** One of the recipes there are, with a sentence on what it does. */
export function RecipeChoice({
  value,
  onChange,
  testId,
}: {
  value: RecipeName;
  onChange: (name: RecipeName) => void;
  testId?: string;
}) {
  const recipes = useQuery(recipesQuery).data ?? [];
  const chosen = recipes.find((recipe) => recipe.name === value);
  return (
    <div>
      <Text size="xs" fw={500} mb={4}>
        Recipe
      </Text>
      <SegmentedControl
        fullWidth
        aria-label="Recipe"
        value={value}
        onChange={(name) => {
          const found = recipes.find((recipe) => recipe.name === name);
          if (found) {
            onChange(found.name);
          }
        }}
        data={recipes.map((recipe) => ({ value: recipe.name, label: recipe.title }))}
        data-testid={testId}
      />
      <Text size="xs" c="dimmed" mt={4}>
        {chosen?.description}
      </Text>
    </div>
  );
}
