"""Reports in a real browser: on a desk and a telephone, light and dark."""

import json

import numpy as np
import pytest
from PIL import Image

from kerasocc.cli import main
from tests.browser import running_browser

pytestmark = pytest.mark.slow

SCREENS = {"desk": 1280, "telephone": 375}

# Contrast of every text with the first opaque background around it, as WCAG 2 defines it; of
# text in a chart the colour is `fill`. Returns the texts below 4.5, which is what is asked of
# text of any size, and how many texts were looked at.
CONTRAST = """
(() => {
  const channel = v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const parsed = text => text.match(/[\\d.]+/g).map(Number);
  const light = c => 0.2126 * channel(c[0]) + 0.7152 * channel(c[1]) + 0.0722 * channel(c[2]);
  const behind = node => {
    for (; node; node = node.parentElement) {
      const color = parsed(getComputedStyle(node).backgroundColor);
      if (color.length < 4 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  const low = [];
  let count = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim()) continue;
    count += 1;
    const style = getComputedStyle(node);
    const color = parsed(node.closest('svg') ? style.fill : style.color);
    const [a, b] = [light(color), light(behind(node))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) low.push([walker.currentNode.data.trim(), contrast]);
  }
  return JSON.stringify([low, count]);
})()
"""
# Text in pixels that is smaller than a telephone's user can read, in charts too.
SMALLEST = """
Math.min(...[...document.querySelectorAll('svg text, p, td, th, figcaption, dt, dd')].map(node => {
  const chart = node.ownerSVGElement;
  const width = chart && chart.getBoundingClientRect().width;
  const scale = chart ? width / chart.viewBox.baseVal.width : 1;
  return parseFloat(getComputedStyle(node).fontSize) * scale;
}))
"""
UNNAMED = """
[...document.querySelectorAll('img, svg[role]')].filter(
  node => !(node.getAttribute('alt') || node.getAttribute('aria-label'))).length
"""
BROKEN = "[...document.images].filter(image => !image.complete || !image.naturalWidth).length"


@pytest.fixture(scope="module")
def browser():
    with running_browser() as browser:
        yield browser


def photos_in(folder):
    """Photos without labels, with names that are markup."""
    random = np.random.default_rng(0)
    folder.mkdir()
    for number in range(50):
        name = f"<script>document.title = 'run'<_script> {number:02}"
        pixels = random.integers(60 + number % 7, 190, (40, 36, 3)).astype("uint8")
        Image.fromarray(pixels).save(folder / f"{name}.png")
    return folder


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """A page of every kind: images and rows, with labels and without, and a comparison."""
    place = tmp_path_factory.mktemp("pages")
    out = ["--out", str(place), "--quiet"]
    short = ["--pretrain-epochs", "2", "--epochs", "6"]
    assert main(["train", *out, *short, "--name", "digits", "--objective", "soft-boundary"]) == 0
    robust = ["--method", "robust-autoencoder", "--epochs", "4"]
    assert main(["train", *out, *robust, "--name", "robust"]) == 0
    photos = ["--dataset", str(photos_in(place / "own photos")), "--image-size", "32"]
    assert main(["train", *out, *photos, *short, "--name", "photos"]) == 0
    rows = np.random.default_rng(0).normal(size=(300, 4)).round(3)
    table = "\n".join([f"part <b>no</b> {i},{','.join(map(str, r))}" for i, r in enumerate(rows)])
    (place / "rows.csv").write_text(f"part,a,b,c,d\n{table}\n")
    options = ["--dataset", str(place / "rows.csv"), "--id", "part", "--time-budget", "1"]
    assert main(["train", *out, *options, "--name", "rows"]) == 0
    assert main(["compare", "--out", str(place), "digits", "robust"]) == 0
    runs = {name: place / name / "report.html" for name in ("digits", "robust", "photos", "rows")}
    return {**runs, "comparison": place / "comparison.html"}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("name", ["digits", "robust", "photos", "rows", "comparison"])
def test_a_page_is_readable(name, screen, dark, pages, browser, tmp_path):
    width = SCREENS[screen]
    browser.open(pages[name], width=width, dark=dark)
    assert browser.problems == []
    assert browser.requests == [f"file://{pages[name]}"], "it needs no other file"
    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    browser.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    low, count = json.loads(browser.evaluate(CONTRAST))
    assert low == [] and count > 60
    assert browser.evaluate(SMALLEST) > 9.5
    assert browser.evaluate(UNNAMED) == 0 and browser.evaluate(BROKEN) == 0
    assert browser.evaluate("document.title") == browser.evaluate(
        "document.querySelector('h1').innerText"
    )
    assert browser.evaluate("document.scripts.length") == 0
    links = (
        "[...document.querySelectorAll('a')].every(a => document.getElementById(a.hash.slice(1)))"
    )
    assert browser.evaluate(links) is True

    browser.screenshot(tmp_path / "page.png")
    pixels = np.asarray(Image.open(tmp_path / "page.png").convert("L"))
    assert pixels.shape[1] == width
    assert (np.median(pixels) < 60) == dark and pixels.std() > 10, "the page is not empty"


def test_user_text_is_shown_as_it_is(pages, browser):
    browser.open(pages["photos"])
    assert "<script>document.title = 'run'<_script> " in browser.evaluate("document.body.innerText")
    browser.open(pages["rows"])
    assert "part <b>no</b> " in browser.evaluate("document.body.innerText")
