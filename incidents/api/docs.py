"""The OpenAPI document and its page."""

from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView


class SchemaView(SpectacularAPIView):
    """This API as an OpenAPI document, for everybody."""

    throttle_classes = ()


class DocsView(SpectacularSwaggerSplitView):
    """The document as a page to read and to try; its script comes as a file, as the CSP wants it."""

    url_name = "api:schema"
    template_name = "api/docs.html"
    throttle_classes = ()
