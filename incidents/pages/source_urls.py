"""The addresses of what concerns other systems and other doors."""

from django.urls import path

from incidents.pages import council_area, council_blocks, councils, petitions, sources, systems

urlpatterns = [
    path("councils/", councils.listed, name="councils"),
    path("councils/new/", councils.new, name="council-new"),
    path("councils/area/<str:code>/", council_area.council, name="council-area"),
    path("councils/area/<str:code>/plan/", council_area.plan, name="council-plan"),
    path("councils/area/<str:code>/members/", council_area.members, name="council-members"),
    path("councils/area/<str:code>/blocks/", council_blocks.cut, name="council-blocks"),
    path("councils/area/<str:code>/blocks/undo/", council_blocks.undo, name="council-blocks-undo"),
    path("councils/area/<str:code>/role/", council_area.role, name="council-role"),
    path("councils/<int:pk>/", councils.meeting, name="council"),
    path("councils/<int:pk>/cancel/", councils.cancel, name="council-cancel"),
    path("petitions/", petitions.listed, name="petitions"),
    path("petitions/new/", petitions.new, name="petition-new"),
    path("cases/<str:number>/scans/<uuid:document>/", petitions.scan, name="petition-scan"),
    path("installation/systems/", systems.listed, name="systems"),
    path("installation/systems/new/", systems.new, name="system-new"),
    path("installation/systems/<int:pk>/", systems.one, name="system"),
    path("installation/systems/<int:pk>/rotate/", systems.rotate, name="system-rotate"),
    path("installation/systems/<int:pk>/end-old/", systems.end_old, name="system-end-old"),
    path("installation/systems/<int:pk>/switch/", systems.switch, name="system-switch"),
    path("sources/", sources.sources, name="sources"),
    path("sources/clients/<int:pk>/", sources.acceptance, name="source-acceptance"),
    path("sources/<slug:source>/", sources.sources, name="sources"),
    path("sources/<slug:source>/name/", sources.name, name="source-name"),
    path("sources/<slug:source>/sheet/", sources.sheet, name="source-sheet"),
    path("sources/<slug:source>/export/", sources.export, name="source-export"),
]
