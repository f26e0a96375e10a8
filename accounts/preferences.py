"""What a visitor without an account may choose for the pages: how large the type is."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

YEAR = 365 * 24 * 3600


@require_POST
def type_size(request: HttpRequest) -> HttpResponse:
    """Remember large or normal type on this device, and go back to where the visitor was."""
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}):
        back = "/"
    response = HttpResponseRedirect(back)
    if request.POST.get("size") == "large":
        response.set_cookie("type_size", "large", max_age=YEAR, samesite="Lax", secure=request.is_secure())
    else:
        response.delete_cookie("type_size", samesite="Lax")
    return response
