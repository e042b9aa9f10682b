import { Button, Checkbox, Select, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconSearch, IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { type RefObject, useEffect, useState } from "react";
import { usersQuery } from "../../api/projects";
import { useMay, useMe } from "../../state/session";
import { activeFilters, type WorklistSearch } from "../../state/worklist-filters";
import { DayInput } from "../../ui/day-input";
import classes from "./worklist.module.css";

const modalities = [
  "CR",
  "CT",
  "DX",
  "IO",
  "MG",
  "MR",
  "NM",
  "OP",
  "OPT",
  "OT",
  "PT",
  "RF",
  "SC",
  "US",
  "XA",
  "XC",
];
const bodyParts = [
  "ABDOMEN",
  "BRAIN",
  "BREAST",
  "CHEST",
  "EYE",
  "HAND",
  "HEAD",
  "HEART",
  "KNEE",
  "NECK",
  "PELVIS",
  "SKIN",
  "SPINE",
];

/** The row of filters; every change goes straight into the address. */
export function WorklistFilterRow({
  search,
  onChange,
  searchBox,
}: {
  search: WorklistSearch;
  onChange: (changes: Partial<WorklistSearch>, replace?: boolean) => void;
  searchBox: RefObject<HTMLInputElement | null>;
}) {
  const me = useMe();
  const mayUsers = useMay("user.change");
  const users = useQuery({ ...usersQuery, enabled: mayUsers });
  const [typed, setTyped] = useState(search.q ?? "");
  const settle = useDebouncedCallback((q: string) => onChange({ q: q.trim() || undefined }, true), 300);
  useEffect(
    () => setTyped((before) => (before.trim() === (search.q ?? "") ? before : (search.q ?? ""))),
    [search.q],
  );
  const people = [
    { value: "me", label: "Me" },
    { value: "none", label: "Nobody" },
    ...(users.data ?? [])
      .filter((user) => user.username !== me?.username)
      .map((user) => ({ value: user.username, label: user.display_name || user.username })),
  ];
  return (
    <div className={classes.filters} role="search">
      <TextInput
        ref={searchBox}
        label="Search"
        placeholder="Patient, ID, accession, description"
        leftSection={<IconSearch size={14} aria-hidden />}
        value={typed}
        onChange={(event) => {
          setTyped(event.currentTarget.value);
          settle(event.currentTarget.value);
        }}
        onKeyDown={(event) => {
          if (event.key === "Escape") {
            event.currentTarget.blur();
          }
        }}
        data-testid="worklist-search"
      />
      <Select
        label="Modality"
        placeholder="Any"
        clearable
        searchable
        data={withCurrent(modalities, search.modality)}
        value={search.modality ?? null}
        onChange={(modality) => onChange({ modality: modality ?? undefined })}
        data-testid="filter-modality"
      />
      <Select
        label="Body part"
        placeholder="Any"
        clearable
        searchable
        data={withCurrent(bodyParts, search.body_part)}
        value={search.body_part ?? null}
        onChange={(part) => onChange({ body_part: part ?? undefined })}
        data-testid="filter-body-part"
      />
      <Select
        label="Reader"
        placeholder="Anyone"
        clearable
        searchable
        data={
          search.assignee && !people.some((person) => person.value === search.assignee)
            ? [...people, { value: search.assignee, label: search.assignee }]
            : people
        }
        value={search.assignee ?? null}
        onChange={(assignee) => onChange({ assignee: assignee ?? undefined })}
        data-testid="filter-assignee"
      />
      <DayInput
        label="Study date from"
        day={search.date_from}
        latest={search.date_to}
        onDay={(date_from) => onChange({ date_from })}
        testId="filter-date-from"
      />
      <DayInput
        label="to"
        day={search.date_to}
        earliest={search.date_from}
        onDay={(date_to) => onChange({ date_to })}
        testId="filter-date-to"
      />
      <Checkbox
        label="Grown since read"
        size="xs"
        mb={8}
        checked={search.grown ?? false}
        onChange={(event) => onChange({ grown: event.currentTarget.checked ? true : undefined })}
        data-testid="filter-grown"
      />
      <Button
        variant="default"
        leftSection={<IconX size={14} aria-hidden />}
        disabled={activeFilters(search) === 0 && search.ordering === undefined}
        onClick={() =>
          onChange({
            state: undefined,
            modality: undefined,
            body_part: undefined,
            assignee: undefined,
            date_from: undefined,
            date_to: undefined,
            grown: undefined,
            q: undefined,
            ordering: undefined,
          })
        }
        data-testid="filters-clear"
      >
        Clear
      </Button>
    </div>
  );
}

function withCurrent(choices: string[], current: string | undefined): string[] {
  return current && !choices.includes(current) ? [current, ...choices] : choices;
}
