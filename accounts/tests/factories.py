"""Minimal valid users, and a cast of users in every role for permission tests."""

from collections.abc import Iterator
from dataclasses import dataclass, fields

import factory
from django.contrib.auth.hashers import make_password

from accounts.choices import RoleName
from accounts.models import User

PASSWORD = "correct horse battery staple"


class UserFactory(factory.django.DjangoModelFactory):
    """An active user whose password is PASSWORD. `role` is the name of a role."""

    class Meta:
        model = User

    class Params:
        role = RoleName.USER

    username = factory.Sequence(lambda number: f"person{number}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@example.com")
    role_id = factory.SelfAttribute("role")
    password = factory.LazyFunction(lambda: make_password(PASSWORD))


@dataclass(frozen=True)
class Cast:
    """An active user in each role, and a second one in the three roles whose rights depend on the owner."""

    system_admin: User
    app_admin: User
    campaign_manager: User
    content_moderator: User
    user: User
    guest: User
    other_system_admin: User
    other_app_admin: User
    other_campaign_manager: User

    @property
    def owner(self) -> User:
        """The campaign manager who created the object under test."""
        return self.campaign_manager

    @property
    def colleague(self) -> User:
        """A campaign manager who didn't create the object under test."""
        return self.other_campaign_manager

    @property
    def stranger(self) -> User:
        """A user who may only read."""
        return self.user

    def in_role(self, role: str) -> User:
        """The user in this role (`campaign_manager`), or the second one (`other_campaign_manager`)."""
        found: User = getattr(self, role)
        return found

    def __iter__(self) -> Iterator[User]:
        return (getattr(self, field.name) for field in fields(self))


def make_cast() -> Cast:
    """Create the whole cast. Each username is the name of the field."""
    return Cast(
        **{
            field.name: UserFactory(username=field.name, role=field.name.removeprefix("other_"))
            for field in fields(Cast)
        }
    )
