"""A figure as it goes into the page and into its file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from paretomtl_reports.style import INK, LIGHT, MUTED, RULE, TRUTH

VARIABLES = {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    RULE: "var(--rule)",
    TRUTH: "var(--truth)",
    **{color: f"var(--hue-{i})" for i, color in enumerate(LIGHT)},
}
"""Colors of the stills that follow the page's light or dark scheme."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A drawn figure; its key, title and caption are its exhibit's.

    Args:
        alt: What it shows, for those who cannot look at it.
        svg: The still, a complete SVG file.
        interactive: Traces and layout for plotly; None when the still shows everything.
    """

    alt: str
    svg: str
    interactive: dict[str, Any] | None = None

    def inline(self, prefix: str) -> str:
        """Return the still as it stands within the page: themed, without the declarations of a file.

        Args:
            prefix: Stands before every id. matplotlib numbers the ids of each figure anew, and two
                figures of one page that share an id would take each other's markers and clips.
        """
        body = self.svg[self.svg.index("<svg") :]
        body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
        body = re.sub(r'\s(xmlns(:\w+)?|version)="[^"]*"', "", body)
        body = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", body, count=1)
        body = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", body, count=1)
        body = re.sub(r'\bid="', f'id="{prefix}-', body)
        body = re.sub(r'xlink:href="#', f'href="#{prefix}-', body)
        body = re.sub(r"url\(#", f"url(#{prefix}-", body)
        for color, variable in VARIABLES.items():
            body = body.replace(color, variable)
        return body
