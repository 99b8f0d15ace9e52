"""Chromium's EventSource as the oracle for what is sent."""

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from streams.core.chunks import Unit
from tests.browser import content
from tests.processes import serve
from tests.texts import hostile_file
from tests.thorough import many

# Directions change the text; everything else must arrive as it is stored.
texts = hostile_file().filter(lambda text: "<!-- stream" not in text)

READ_ALL = """async (slugs) => {
  const read = (slug) => new Promise((resolve) => {
    let text = "";
    const source = new EventSource(`/streams/${slug}/events`);
    source.onmessage = (event) => (text += event.data);
    source.addEventListener("done", () => { source.close(); resolve(text); });
    source.onerror = () => { source.close(); resolve(`failed after ${text}`); };
  });
  const found = [];
  let next = 0;
  const worker = async () => {
    while (next < slugs.length) {
      const index = next++;
      found[index] = await read(slugs[index]);
    }
  };
  await Promise.all([1, 2, 3, 4, 5].map(worker));
  return found;
}"""


def generate(count):
    """Draw texts with their units and sizes, the same ones each time."""
    drawn = []

    @settings(
        max_examples=count,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(texts, st.sampled_from(list(Unit)), st.integers(1, 30))
    def draw(text, unit, size):
        drawn.append((text, unit.value, size))

    draw()
    return drawn[:count]


def test_texts_arrive_in_chromium_exactly(page, project):
    published = project.call(content.publish_texts, generate(many(1000)))
    assert len(published) == many(1000)
    try:
        with serve("uvicorn", env=project.env) as server:
            page.goto(f"{server.url}/-/vitals")
            read = page.evaluate(READ_ALL, [slug for slug, _ in published])
    finally:
        project.call(content.remove_texts)
    wrong = [
        (slug, stored, got)
        for (slug, stored), got in zip(published, read, strict=True)
        if stored != got
    ]
    assert not wrong[:3]


RECORD = """(url) => new Promise((resolve) => {
  const arrivals = [];
  const source = new EventSource(url);
  source.onmessage = (event) => arrivals.push([performance.now(), event.data]);
  source.addEventListener("done", () => { source.close(); resolve(arrivals); });
  source.onerror = () => { source.close(); resolve(arrivals); };
})"""


@pytest.mark.parametrize("kind", ["daphne", "uvicorn"])
def test_with_gzip_middleware_every_event_arrives_as_it_comes(page, project, kind):
    project.call(content.prepare)
    env = project.env | {"TESTS_MIDDLEWARE": "django.middleware.gzip.GZipMiddleware"}
    with serve(kind, env=env) as server:
        page.goto(f"{server.url}/-/vitals")
        query = "unit=word&delay_ms=100&chunk_size=5&name=Ann"
        arrivals = page.evaluate(RECORD, f"/streams/greeting/events?{query}")
    times = [at for at, _ in arrivals]
    assert "".join(text for _, text in arrivals).startswith("Hello, Ann! 👋")
    assert len(times) >= 5
    # One by one, about 100 ms apart: never in one clump at the end.
    assert times[-1] - times[0] > 80 * (len(times) - 1)
