"""A still within the page."""

from __future__ import annotations

from paretomtl_reports.figures.figure import VARIABLES, Figure
from paretomtl_reports.style import INK

SVG = (
    '<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" width="9pt" height="5pt" '
    'viewBox="0 0 9 5" version="1.1"><metadata>m\nm</metadata><path id="p" fill="'
    + INK
    + '"/><g clip-path="url(#c)"><use xlink:href="#p"/></g></svg>'
)


def test_declarations_and_sizes_go_and_ids_are_of_this_figure_alone():
    assert Figure(alt="", svg=SVG).inline("zdt1-fronts") == (
        '<svg viewBox="0 0 9 5"><path id="zdt1-fronts-p" fill="var(--ink)"/>'
        '<g clip-path="url(#zdt1-fronts-c)"><use href="#zdt1-fronts-p"/></g></svg>'
    )


def test_every_color_of_the_stills_follows_the_scheme(built, read_page):
    html = read_page(built)
    stills = "".join(part.split("</svg>")[0] for part in html.split('<div class="still"')[1:])
    assert stills
    assert not [color for color in VARIABLES if color in stills]
