"""Where a sentence is tried."""

from django.urls import path

from dispatch.pages import trying

urlpatterns = [path("list/try/", trying.try_sentence, name="try-sentence")]
