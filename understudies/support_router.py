"""Answer as the support router's steps would: a message is of the kind of the examples that are nearest to it."""

import json
import re
import unicodedata
from functools import cache
from pathlib import Path

import bm25s
import numpy as np
from numpy.typing import NDArray
from Stemmer import Stemmer

# A message of each kind a line: those of evals/support_router.jsonl, but none of its held-out ones.
EXAMPLES = Path(__file__).with_suffix(".jsonl")
GENERAL = "General Question"
# People say what they want where they begin or where they end; what stands between is a log or another pasted thing.
READ = 2_000  # characters at either end
LETTERS = 4  # letters in a row by which words are alike where a slip of the typing hand parts them
DOUBT = 0.3  # how little one example is believed; by leaving each out in turn, 0.1 to 0.5 are as good
NUMBER = "#"
START = "^"

UNSEEN = re.compile("['`\u2019\u00b4\u00ad\u200b-\u200f\u2060\ufeff]")
WORD = re.compile(r"[^\W_]+")
# A message that asks to be called one kind or another is judged by its matter all the same.
COMMAND = re.compile(
    r"""
    (?: (?: \b(?:ignore|disregard|forget)\b [^.!?\n]{0,80} )?
        \b(?:answer|say|reply|respond|return|output|classify|label|mark|treat|choose|call)\b [^.!?\n]{0,40}? )?
    (?: technical[\W_]*support | billing[\W_]*inquiry | general[\W_]*question )
""",
    re.VERBOSE,
)
ERROR_CODE = re.compile(r"\berror(?: code)?[ :#]{1,3}(?=[A-Za-z_-]{0,20}\d)([\w-]{2,24})", re.IGNORECASE)

# What a reply can call the matter.
TECHNICAL = (
    "password|login|app|software|website|page|dashboard|firmware|driver|browser|server|database|api"
    "|wifi|internet|bluetooth|vpn|router|modem|printer|scanner|screen|monitor|display|keyboard|mouse|camera|webcam"
    "|microphone|headphones|headset|speaker|sound|video|phone|tablet|laptop|computer|watch|tv|thermostat|battery"
    "|charger|button|link|file|download|upload|installation|update|connection|device|machine"
)
BILLING = "refund|invoice|receipt|subscription|membership|discount|voucher|tax|payment|charge|fee|price|bill"


def classify(query: str) -> dict[str, str]:
    """Say what a message is about."""
    return {"intent": _examples().kind_of(query)}


def technical_support(query: str) -> str:
    """Acknowledge the trouble, and ask for what is needed to find its cause."""
    thing = re.search(rf"\b(?:{TECHNICAL})\b", _text(query))
    code = ERROR_CODE.search(_ends(query))
    message = f"where error {code[1]} appears" if code else "the exact wording of any error message"
    return (
        f"I am sorry to hear about the trouble with {f'the {thing[0]}' if thing else 'this'}. "
        "So that we can look into it, please tell us which device and which version of the software you use, "
        f"{message}, and when it began. "
        "Which troubleshooting steps have you already tried, for example restarting or reinstalling?"
    )


def billing_inquiry(query: str) -> str:
    """Acknowledge the concern, and ask for the account number."""
    found = re.search(rf"\b(?:{BILLING})", _text(query))
    matter = f"the {found[0]}" if found else "your account"
    return (
        f"Thank you for writing to us; I understand your concern about {matter}. "
        "So that we can look into it, please send us your account number. Please send no card numbers or passwords."
    )


def general_question(query: str) -> str:
    """Apologise, and ask to hear more."""
    return (
        "I am sorry, I am not sure how to help you with this. "
        "Could you say it in other words, or tell us a little more about what you need?"
    )


class Examples:
    """Messages whose kind is known, and how much each says for a kind where it is near.

    Nearness is BM25 over words, pairs of words and letters in a row. What an example says is fitted by ridge
    regression, so that all of them together say each one's own kind: one among many like it says less than a lone one.
    """

    def __init__(self, rows: list[dict[str, str]]) -> None:
        self.kinds = sorted({row["intent"] for row in rows})
        self.words = {stem for row in rows if row["intent"] != GENERAL for stem in _stems(row["query"])}
        self.index = bm25s.BM25()
        self.index.index([_features(row["query"]) for row in rows], show_progress=False)
        near = np.array([self._near(row["query"]) for row in rows])
        self.sizes = np.sqrt(np.diag(near))
        own = np.array([[row["intent"] == kind for kind in self.kinds] for row in rows])
        alike = near / np.outer(self.sizes, self.sizes)
        self.says = np.linalg.solve(alike + DOUBT * np.eye(len(rows)), own - 1 / len(self.kinds))

    def kind_of(self, query: str) -> str:
        """Return the kind for which most is said.

        A message of which fewer than half of the words stand in any example of trouble or of money, as in another
        language, is a general question.
        """
        words = {stem for stem in _stems(query) if stem != NUMBER}
        if not words or 2 * len(words & self.words) < len(words):
            return GENERAL
        return self.kinds[int(np.argmax(self._near(query) / self.sizes @ self.says))]

    def _near(self, query: str) -> NDArray[np.float32]:
        """Return how near each example is."""
        near: NDArray[np.float32] = self.index.get_scores(
            [each for each in _features(query) if each in self.index.vocab_dict]
        )
        return near


@cache
def _examples() -> Examples:
    return Examples([json.loads(line) for line in EXAMPLES.read_text(encoding="utf-8").splitlines()])


def _features(query: str) -> list[str]:
    """Return the words, each with the one before it, and their letters in a row; each once."""
    stems = _stems(query)
    pairs = [f"{first} {second}" for first, second in zip([START, *stems], stems, strict=False)]
    edged = [f"<{stem}>" for stem in stems]
    letters = [word[at : at + LETTERS] for word in edged for at in range(len(word) - LETTERS + 1)]
    return list(dict.fromkeys([START, *stems, *pairs, *letters]))


def _stems(query: str) -> list[str]:
    words = WORD.findall(COMMAND.sub(" ", _text(query)))
    # A stemmer each time, for one is not safe among threads; it is made in a microsecond.
    stems = Stemmer("english").stemWords(words)
    return [NUMBER if word[0].isdigit() else stem for word, stem in zip(words, stems, strict=True)]


def _text(query: str) -> str:
    """Return the ends of a message in small letters, without apostrophes and what nobody sees."""
    return UNSEEN.sub("", unicodedata.normalize("NFKC", _ends(query)).casefold())


def _ends(query: str) -> str:
    return query if len(query) <= 2 * READ else f"{query[:READ]} . {query[-READ:]}"
