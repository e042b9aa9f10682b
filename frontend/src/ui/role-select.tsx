import { Select } from "@mantine/core";
import type { RoleName } from "../api/types";

const roles: { value: RoleName; label: string }[] = [
  { value: "radiologist", label: "Radiologist" },
  { value: "reviewer", label: "Reviewer" },
  { value: "admin", label: "Admin" },
];

export function isRole(value: string | null): value is RoleName {
  return roles.some((role) => role.value === value);
}

export function RoleSelect({
  label,
  value,
  onChange,
  disabled,
  showLabel,
}: {
  label: string;
  value: RoleName;
  onChange: (role: RoleName) => void;
  disabled?: boolean;
  showLabel?: boolean;
}) {
  return (
    <Select
      label={showLabel ? label : undefined}
      aria-label={label}
      data={roles}
      value={value}
      disabled={disabled}
      onChange={(chosen) => {
        if (isRole(chosen)) {
          onChange(chosen);
        }
      }}
    />
  );
}
