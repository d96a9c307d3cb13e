"""People for tests: minimal valid users, and the cast that permission tests are played with."""

from collections.abc import Iterator
from dataclasses import dataclass, fields

import factory
from django.contrib.auth.hashers import make_password

from accounts.choices import RoleName
from accounts.models import User

PASSWORD = "correct horse battery staple"


class UserFactory(factory.django.DjangoModelFactory):
    """An active user who signs in with PASSWORD; `role` is a role's name."""

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
    """One active user per role, and a colleague with the same role for the three whose rights depend on whose it is."""

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
        """The campaign manager who created what the test is about."""
        return self.campaign_manager

    @property
    def colleague(self) -> User:
        """A campaign manager who did not."""
        return self.other_campaign_manager

    @property
    def stranger(self) -> User:
        """Somebody who may only read."""
        return self.user

    def in_role(self, role: str) -> User:
        """The one with this role (`campaign_manager`), or the second one (`other_campaign_manager`)."""
        found: User = getattr(self, role)
        return found

    def __iter__(self) -> Iterator[User]:
        return (getattr(self, field.name) for field in fields(self))


def make_cast() -> Cast:
    """Everybody, freshly created; each is called like their place in the cast."""
    return Cast(
        **{
            field.name: UserFactory(username=field.name, role=field.name.removeprefix("other_"))
            for field in fields(Cast)
        }
    )
