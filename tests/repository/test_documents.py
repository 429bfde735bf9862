"""The links of the documents lead somewhere."""

import re

import pytest

from tests.support.servers.servers import ROOT

DOCUMENTS = sorted(path for folder in (".", "docs", "training", "benchmarks") for path in (ROOT / folder).glob("*.md"))
LINK = re.compile(r"\]\(([^)#:]*)(?:#([^)]+))?\)")


def anchors_of(path):
    """The anchors of a document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_to_a_file_and_a_heading(document):
    for target, anchor in LINK.findall(document.read_text(encoding="utf-8")):
        path = document.parent / target if target else document
        assert path.exists(), f"{target} is not there"
        assert not anchor or anchor in anchors_of(path), f"{path.name} has no heading #{anchor}"
