"""The console's forms about people and their way in."""

from typing import Any, cast

from django import forms
from django.contrib.auth import authenticate
from django.contrib.auth.forms import PasswordResetForm
from django.contrib.auth.forms import SetPasswordForm as DjangoSetPasswordForm
from django.core.exceptions import ValidationError
from unfold.forms import AdminOwnPasswordChangeForm, AuthenticationForm, UserCreationForm
from unfold.widgets import UnfoldAdminEmailInputWidget, UnfoldAdminPasswordWidget, UnfoldAdminTextInputWidget

from accounts.models import LockedOutError, User
from accounts.signin import passwords
from accounts.signin.two_factor import SecondFactorNeededError
from accounts.validators import LONGEST_PASSWORD
from campaign_studio.console.forms import StudioForm
from campaign_studio.console.site import LOCKED_OUT


class CodeField(forms.CharField):
    """The six digits of an authenticator app, or a recovery code."""

    def __init__(self, *, label: str, required: bool = True, help_text: str = "") -> None:
        attrs = {"autocomplete": "one-time-code", "inputmode": "text", "spellcheck": "false"}
        widget = UnfoldAdminTextInputWidget(attrs=attrs)
        super().__init__(max_length=64, widget=widget, label=label, required=required, help_text=help_text)


class NewUserForm(StudioForm, UserCreationForm):
    """Somebody new, with a first password."""

    class Meta:
        model = User
        fields = ("username", "email", "first_name", "last_name", "role", "is_active", "is_verified")

    def clean_username(self) -> str:
        """Leave it to the model to say that a name is taken."""
        return str(self.cleaned_data["username"])


class SignInForm(AuthenticationForm):
    """Username or e-mail, password, and the two-factor code where one has been set up."""

    otp_token = CodeField(
        label="Two-factor code", required=False, help_text="Only if you have set it up: six digits, or a recovery code."
    )

    error_messages = {
        "invalid_login": "Username or password is wrong, or this account may not enter the console.",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = "Username or e-mail"

    def clean(self) -> dict[str, Any]:
        """Find the user. A lock-out says how long it lasts, in seconds: the site tells programs as well."""
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
    """One's own new password; guesses at the present one are counted like those at sign-in."""

    def clean_old_password(self) -> str:
        """Raise ValidationError for a wrong one, or after too many of those."""
        sent = str(self.cleaned_data["old_password"])
        try:
            passwords.check_present(self.user, sent)
        except LockedOutError as error:
            raise ValidationError(str(error), code="locked_out") from error
        return sent


class ForgottenPasswordForm(PasswordResetForm):
    """Asks for the e-mail address of the account whose password was forgotten."""

    email = forms.EmailField(
        label="E-mail", max_length=255, widget=UnfoldAdminEmailInputWidget(attrs={"autocomplete": "email"})
    )


class NewPasswordForm(DjangoSetPasswordForm):
    """Asks twice for the new password. The link in the mail leads here."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("new_password1", "new_password2"):
            self.fields[name].widget = UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"})

    def save(self, commit: bool = True) -> User:
        """Set it. Raises ValidationError when the link was used meanwhile."""
        user = cast(User, self.user)
        passwords.reset(user, self.cleaned_data["new_password1"])
        return user


class CodeForm(forms.Form):
    """A code, to prove that the app at hand is the right one."""

    otp_token = CodeField(label="Code")


class FirstCodeForm(CodeForm):
    """The first code of a new app, and the password: somebody else's open browser is not enough (ASVS 5, 7.5.1)."""

    password = forms.CharField(
        label="Your password",
        strip=False,
        max_length=LONGEST_PASSWORD,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "current-password"}),
    )
