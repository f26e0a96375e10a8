"""What an action refused, told by the form that asked for it."""

from django import forms

from incidents.errors import ActionRefused, InvalidInput


def refused(form: forms.Form, error: InvalidInput | ActionRefused) -> int:
    """Put the refusal on its field, or over the form; answers the page's status: 400, 403 or 409."""
    if isinstance(error, InvalidInput):
        form.add_error(error.field if error.field in form.fields else None, str(error))
        return 400
    form.add_error(None, str(error))
    return 403 if error.code == "not_allowed" else 409
