"""The console's forms for users, sign-in, passwords and two-factor authentication."""

from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.contrib.auth import authenticate
from django.contrib.auth.forms import PasswordResetForm
from django.contrib.auth.forms import SetPasswordForm as DjangoSetPasswordForm
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from unfold.forms import AdminOwnPasswordChangeForm, AuthenticationForm, UserCreationForm
from unfold.widgets import UnfoldAdminEmailInputWidget, UnfoldAdminPasswordWidget, UnfoldAdminTextInputWidget

from accounts.models import LockedOutError, User
from accounts.signin import passwords
from accounts.signin.two_factor import SecondFactorNeededError
from accounts.validators import LONGEST_PASSWORD
from campaign_studio.console.forms import StudioForm
from campaign_studio.console.site import LOCKED_OUT

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


class CodeField(forms.CharField):
    """The 6-digit code from an authenticator app, or a recovery code."""

    def __init__(self, *, label: "str | StrPromise", required: bool = True, help_text: "str | StrPromise" = "") -> None:
        attrs = {"autocomplete": "one-time-code", "inputmode": "text", "spellcheck": "false"}
        widget = UnfoldAdminTextInputWidget(attrs=attrs)
        super().__init__(max_length=64, widget=widget, label=label, required=required, help_text=help_text)


class NewUserForm(StudioForm, UserCreationForm):
    """A new user with a password."""

    class Meta:
        model = User
        fields = ("username", "email", "first_name", "last_name", "role", "is_active", "is_verified")

    def clean_username(self) -> str:
        """The model checks whether the name is taken."""
        return str(self.cleaned_data["username"])


class SignInForm(AuthenticationForm):
    """Username or email address, password and, if set up, the two-factor code."""

    otp_token = CodeField(
        label=_("Two-factor code"),
        required=False,
        help_text=_("Only if you have set up two-factor authentication: a 6-digit code or a recovery code."),
    )

    error_messages = {
        "invalid_login": _("The username or password is wrong, or this account can't use the console."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = _("Username or email address")

    def clean(self) -> dict[str, Any]:
        """Authenticate the user. The error for a lockout has the seconds left as the parameter `wait`."""
        sent = self.cleaned_data
        if not (sent.get("username") and sent.get("password")):
            return sent
        try:
            self.user_cache = authenticate(self.request, **sent)
        except LockedOutError as error:
            raise ValidationError(str(error), code=LOCKED_OUT, params={"wait": error.wait}) from error
        except SecondFactorNeededError as error:
            raise ValidationError({"otp_token": [str(error)]}) from error
        if self.user_cache is None:
            raise self.get_invalid_login_error()
        self.confirm_login_allowed(self.user_cache)
        return sent


class OwnPasswordForm(AdminOwnPasswordChangeForm):
    """Changes the user's own password. Wrong current passwords count as failed sign-ins."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["old_password"].label = _("Current password")

    def clean_old_password(self) -> str:
        """Raise ValidationError for a wrong password, or after too many of them."""
        sent = str(self.cleaned_data["old_password"])
        try:
            passwords.check_current_password(self.user, sent)
        except LockedOutError as error:
            raise ValidationError(str(error), code="locked_out") from error
        return sent


class ForgottenPasswordForm(PasswordResetForm):
    """Asks for the email address of the account with the forgotten password."""

    email = forms.EmailField(
        label=_("Email address"), max_length=255, widget=UnfoldAdminEmailInputWidget(attrs={"autocomplete": "email"})
    )


class NewPasswordForm(DjangoSetPasswordForm):
    """Asks twice for the new password, behind the link in the mail."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("new_password1", "new_password2"):
            self.fields[name].widget = UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"})

    def save(self, commit: bool = True) -> User:
        """Set the new password. Raises ValidationError if the link has been used in the meantime."""
        user = cast(User, self.user)
        passwords.reset(user, self.cleaned_data["new_password1"])
        return user


class CodeForm(forms.Form):
    """A two-factor code, required to change two-factor authentication or to turn it off."""

    otp_token = CodeField(label=_("Two-factor code"))


class FirstCodeForm(CodeForm):
    """The first code of a new app, and the password: an open browser alone isn't enough (ASVS 5, 7.5.1)."""

    password = forms.CharField(
        label=_("Your password"),
        strip=False,
        max_length=LONGEST_PASSWORD,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "current-password"}),
    )
