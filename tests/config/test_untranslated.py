"""No page speaks one language only: not by a forgotten mark, nor by a script that passes the catalogue by."""

from pathlib import Path

import pytest

from config.untranslated import in_script, in_template, untranslated

ROOT = Path(__file__).resolve().parents[2]


def test_nothing_of_ours_is_said_in_one_language_only() -> None:
    assert list(untranslated(ROOT)) == []


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("<p>Overdue cases</p>", "Overdue cases"),
        ("<p>\n  {{ count }} 件超时\n</p>", "件超时"),
        ('<a title="Open the case" href="/">{{ name }}</a>', "Open the case"),
        ('<input placeholder="案号">', "案号"),
        ("{% if late %}late{% endif %}", "late"),
        ('<{% if url %}a href="{{ url }}"{% else %}div{% endif %} class="kpi">Mean</a>', "Mean"),
    ],
)
def test_a_template_that_forgot_the_mark_is_found(source: str, words: str) -> None:
    assert [found for _line, found in in_template(source)] == [words]


@pytest.mark.parametrize(
    "source",
    [
        '<p>{% translate "Overdue cases" %}</p>',
        "<p>{% blocktranslate count n=n %}{{ n }} case{% plural %}{{ n }} cases{% endblocktranslate %}</p>",
        "{% comment %}What this is for.{% endcomment %}{# and why #}<b>{{ name }}</b>",
        '<a class="btn btn-primary" data-key="Enter" href="/cases/">{{ name }} <kbd>Enter</kbd></a>',
        '<button lang="zh-hans">中文</button>',
        "{% block body_class %}has-dock{% endblock %}",
        '<td>{{ size }} kB</td><img alt="" src="a.png">',
    ],
)
def test_what_is_marked_or_no_language_is_left_alone(source: str) -> None:
    assert in_template(source) == []


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ('a();\nbox.textContent = "No answer";', 2),
        ("node.setAttribute('aria-label', 'Close it');", 1),
        ("const sign = chinese ? '放大' : zoom;", 1),
        ("confirm(`Leave ${name} unsaved?`);", 1),
    ],
)
def test_a_script_that_speaks_for_itself_is_found(source: str, line: int) -> None:
    assert [at for at, _words in in_script(source)] == [line]


@pytest.mark.parametrize(
    "source",
    [
        'box.textContent = say("noAnswer");',
        '// 坂田 for 坂田街道: "a label"\nbox.title = one.title;',
        'disc.textContent = "!"; other.textContent = `${count}k`;',
        '/* box.textContent = "Not code" */',
    ],
)
def test_a_script_that_asks_the_catalogue_is_left_alone(source: str) -> None:
    assert in_script(source) == []
