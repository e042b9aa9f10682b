"""The demo's people. Their passwords are published, so ``manage.py check --deploy`` refuses them in production."""

from __future__ import annotations

from core.models import User
from core.roles import Role
from core.users import user_create

#: User name → (password, what they do). One for each role, and a second reader.
DEMO_PASSWORDS: dict[str, tuple[str, str]] = {
    "demo-radiologist": ("read-images-first", "Radiologist: reads and annotates"),
    "demo-radiologist-2": ("read-images-second", "Radiologist: a second reader"),
    "demo-reviewer": ("check-every-finding", "Reviewer: accepts, corrects, rejects"),
    "demo-admin": ("keep-the-house-safe", "Admin: trains, evaluates, promotes"),
}
_PEOPLE = {
    "demo-radiologist": ("Rosa Reader", Role.RADIOLOGIST),
    "demo-radiologist-2": ("Ravi Second", Role.RADIOLOGIST),
    "demo-reviewer": ("Vera Reviewer", Role.REVIEWER),
    "demo-admin": ("Ada Admin", Role.ADMIN),
}


def people_install() -> dict[str, User]:
    """Return the demo's users by user name, made where they are missing."""
    found = {user.username: user for user in User.objects.filter(username__in=DEMO_PASSWORDS)}
    for username, (password, _) in DEMO_PASSWORDS.items():
        if username not in found:
            name, role = _PEOPLE[username]
            found[username] = user_create(
                username=username, display_name=name, role=role.value, password=password, by=None
            )
    return found


def has_people_of_its_own() -> bool:
    """Say whether people are here, and none of them the demo's: a house that the demo must not open to everybody."""
    return User.objects.exists() and not User.objects.filter(username__in=DEMO_PASSWORDS).exists()
