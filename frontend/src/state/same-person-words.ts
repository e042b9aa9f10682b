/** Why patient numbers count as one person's, in words. */
const samePersonWords: Record<string, string> = {
  decided: "an admin said so",
  same_name_and_birth_date: "one name and birth date",
  same_name_no_birth_date: "one name (a birth date is missing)",
  same_id_other_issuer: "one Patient ID of two issuers",
  same_picture: "one and the same picture",
  confirmed_copy: "a near copy that a person confirmed",
};

export const samePersonInWords = (reason: string): string => samePersonWords[reason] ?? reason;
