"""The page: self-contained, offline, linked, safe."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree as ET

from paretomtl_reports import build

from paretomtl.sweep.spec import Choice

HOSTILE = "</script><img src=x onerror=alert(1)>$\\frac{1}$|\x00\n<b>"


def test_the_page_asks_the_network_for_nothing(built, read_page, without_library):
    html = without_library(read_page(built))
    assert not re.search(r'(src|href|action|poster|data)\s*=\s*["\']?\s*(https?:)?//', html)
    for word in (
        "http://",
        "https://",
        "fetch(",
        "XMLHttpRequest",
        "@import",
        "<link",
        "<img",
        "<iframe",
        "cdn.",
    ):
        assert word not in html, word
    assert not re.search(r"url\((?!#)", html)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)
    assert policy is not None
    assert "default-src 'none'" in policy[1]
    assert "connect-src" not in policy[1]


def test_the_share_button_is_off(built, read_page):
    html = read_page(built)
    assert 'plotlyServerURL: ""' in html
    assert '"sendChartToCloud"' in html
    assert "displaylogo: false" in html


def test_every_link_leads_to_a_file_or_a_section(built, read_page, without_library):
    html = without_library(read_page(built))
    ids = set(re.findall(r'\bid="([^"]+)"', html))
    links = re.findall(r'<a href="([^"]+)"', html)
    assert links
    for link in links:
        assert link[1:] in ids if link.startswith("#") else (built / link).is_file(), link
    for used in re.findall(r'(?:xlink:href|[^a-z]href)="#([^"]+)"', html):
        assert used in ids, used


def test_no_id_is_given_twice(built, read_page, without_library):
    ids = re.findall(r'\bid="([^"]+)"', without_library(read_page(built)))
    assert len(ids) == len(set(ids))


def test_figures_are_drawn_still_and_described_for_the_library(built, read_page):
    html = read_page(built)
    described = json.loads(re.search(r'id="figures">(.*?)</script>', html)[1])
    assert {"zdt1-fronts", "zdt1-convergence-steps", "multi-digits-width-6-fronts"} <= set(
        described
    )
    names = [trace["name"] for trace in described["zdt1-fronts"]["data"]]
    assert names[0] == "exact front"
    assert "tchebycheff" in names
    for slug in described:
        assert f'data-figure="{slug}"' in html
        still = (built / "figures" / f"{slug}.svg").read_text(encoding="utf-8")
        assert ET.fromstring(still).tag.endswith("svg")
    assert "<noscript>" in html


def test_what_a_reader_must_see_is_on_the_page(built, read_page):
    html = read_page(built)
    for words in (
        "2 runs did not end well",
        "Missing runs.",
        "Nothing is imputed",
        "95 % confidence interval",
        "Do the tasks compete?",
        "upper left alone",
        "Validation and test",
        "abc1234",
        "2026-01-02T03:04:05+00:00",
        "step 7",
    ):
        assert words in html, words


def test_hostile_labels_are_shown_not_run(front, tmp_path, read_page, without_library):
    points = [(0.0, 1.0), (0.5, 0.6), (1.0, 0.0)]
    records = [
        *front(points, method=Choice(HOSTILE)),
        *front(points, method=Choice("m", (("o", HOSTILE),)), problem=Choice(HOSTILE)),
        *front(points, status="diverged", reason=HOSTILE, method="mgda"),
    ]
    out = build(records, tmp_path, title=HOSTILE).parent
    html = without_library(read_page(out))
    assert "<img" not in html
    assert "onerror=alert(1)&gt;" in html
    assert "\x00" not in html
    assert html.count("</script>") == 3
    for svg in (out / "figures").glob("*.svg"):
        ET.fromstring(svg.read_text(encoding="utf-8"))
    described = json.loads(re.search(r'id="figures">(.*?)</script>', html, re.DOTALL)[1])
    names = [t.get("name", "") for f in described.values() for t in f["data"]]
    assert any("&lt;/script&gt;" in name for name in names)
    assert not any("<" in name for name in names)
