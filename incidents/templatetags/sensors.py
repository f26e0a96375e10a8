"""What devices say, in the reader's words."""

from django import template

from incidents.sensing.kind_words import alert_kind_words, device_kind_words, severity_words
from incidents.sensing.problem_words import problem_words

register = template.Library()
register.filter("alert_kind", alert_kind_words)
register.filter("device_kind", device_kind_words)
register.filter("severity", severity_words)
register.filter("problem_words", problem_words)
