"""The admin console's form for a new person."""

from unfold.forms import UserCreationForm

from accounts.models import User
from campaign_studio.admin_forms import StudioForm


class NewUserForm(StudioForm, UserCreationForm):
    """Somebody new, with a first password."""

    class Meta:
        model = User
        fields = ("username", "email", "first_name", "last_name", "role", "is_active", "is_verified")

    def clean_username(self) -> str:
        """Leave it to the model to say that a name is taken."""
        return str(self.cleaned_data["username"])
