"""What a plain Django REST project would write first: one row, one ModelSerializer, one view."""

from django.db import models
from django.urls import path
from rest_framework import generics, serializers

from config.urls import urlpatterns as ours


class StockReport(models.Model):
    """A bare report: no case, no unit, no clock."""

    source = models.CharField(max_length=24)
    external_id = models.CharField(max_length=120)
    text = models.TextField()
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    received_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "benchmarks"
        constraints = [models.UniqueConstraint(fields=["source", "external_id"], name="stock_report_once")]


class StockSerializer(serializers.ModelSerializer):
    class Meta:
        model = StockReport
        fields = ["id", "source", "external_id", "text", "lon", "lat", "received_at"]


class StockView(generics.CreateAPIView):
    queryset = StockReport.objects.all()
    serializer_class = StockSerializer


urlpatterns = [path("stock/", StockView.as_view()), *ours]
