"""The scripts that clients hear, each under its stream's slug. No Django here."""

HOSTILE = (
    "👩‍👩‍👧‍👦 e\u0301\u0323 今天。日本語\nline\u2028separator\u2029paragraph\x85next\x0b\x0c"
    "\"quotes\" \\ 'single' [DONE] data: x <b>HTML</b> &amp; </script>\n\n end \ufeff"
)
"""What clients that split lines, or JSON, in their own way get wrong."""

TOOL = '<!-- stream: tool get_weather {"city": "Oslo 🇳🇴", "days": [1, 2]} -->'

SCRIPTS: dict[str, tuple[str, dict[str, object]]] = {
    "hostile": (HOSTILE, {}),
    "words": ("one two three four five six seven eight", {"unit": "word"}),
    "reasoning": (
        "<!-- stream: reasoning -->\nLet me think.\n<!-- stream: /reasoning -->\n42.",
        {"unit": "word"},
    ),
    "refusal": (
        "<!-- stream: refusal -->I cannot help with that.<!-- stream: /refusal -->",
        {"unit": "word"},
    ),
    "named": ('a<!-- stream: event progress {"percent": 40} -->b', {}),
    # Two calls at once, then what is said to their results.
    "weather": (
        f"Let me look.\n{TOOL}\n"
        '<!-- stream: tool get_time {"zone": "CET"} -->\n'
        "<!-- stream: pause 1ms -->It is cold, at noon.",
        {"unit": "word"},
    ),
    "filtered": ("Once upon<!-- stream: finish content_filter -->", {}),
    "turns": (
        "{% if turn == 1 %}First: {{ prompt }}{% elif turn == 2 %}Second: {{ prompt }}"
        "{% else %}Turn {{ turn }}: {{ prompt }}, after {{ messages.0.content }}"
        "{% endif %}",
        {"unit": "word", "rendering": "template"},
    ),
    "system": ("{{ system }}", {"rendering": "template"}),
    "prompted": (f"{HOSTILE}\n{{{{ prompt }}}}", {"rendering": "template"}),
    # 11 chunks, 100 ms from one to the next.
    "paced": ("abcdefghijk", {"delay_ms": 100}),
    "busy": ("x" * 50, {"delay_ms": 100, "max_concurrent": 1}),
    "keyed": ("secret", {"access": "api-key"}),
    "draft": ("not yet", {"published": False}),
    # Silent for so long that two heartbeats come, and once more before the end.
    "silent": (
        "Wait.<!-- stream: pause 2300ms -->Now.<!-- stream: pause 1200ms -->",
        {"unit": "word", "heartbeat_s": 1},
    ),
    # Fails in the middle, after the first character.
    "limited": ("abc", {"max_bytes": 1}),
    # Begins after half a second and ends 0.9 s later.
    "slow": ("abcd", {"ttft_ms": 500, "delay_ms": 300}),
}


def text_of(slug: str) -> str:
    """Return the text of a script without directions."""
    return SCRIPTS[slug][0]
