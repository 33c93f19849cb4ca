# ruff: noqa: RUF001 - the punctuation of many scripts is what is tested
"""The offline FAQ: questions from any prose, answers that are its sentences, sources where they stand."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudies import faq
from understudies.faq import NO_ANSWER, answer_question
from understudies.prose.english import FUNCTION_WORDS
from understudies.prose.passages import MOST, read_passages
from understudies.prose.reading import read, read_once
from understudies.prose.sentences import join_wrapped_lines, listed, normalised, split_sentences, stems_of, words_of

PASSAGES = {
    "Harbour report": """# Harbour Authority: annual report

## Traffic

The harbour handled 4.2 million tonnes of cargo last year. Container traffic rose by 12 percent because two new cranes
came into service in March. Ferry traffic fell by 3 percent.

## Maintenance costs

Maintenance costs accounted for 35 percent of the budget. The main breakwater was repaired in 2019. Dredging is carried
out every two years. The channel must be dredged before the autumn storms due to heavy silting.

| Berth | Depth | Crane |
|---|---|---|
| North quay | 12 m | 40 t |
| South quay | 9 m | none |
""",
    "Beekeeping.txt": """BEEKEEPING FOR BEGINNERS

A hive is a box in which a colony of honey bees lives. A strong colony
contains 50,000 bees in midsummer. The queen is the only fertile female
in the hive. Worker bees collect nectar, pollen and water.

WINTER

Bees survive the winter by clustering around the queen. They eat the honey
that was stored in summer. A colony needs 15 kg of honey to reach spring.
Hives should be insulated because cold winds weaken the colony. Beekeepers
inspect the hives every two weeks in summer, e.g. for mites.
""",
    "Lease": """1. DEFINITIONS

"Premises" means the flat on the second floor. The "Deposit" is the sum paid by the Tenant on signature.

2. RENT

The Tenant shall pay the rent on the first day of each month. If the rent is more than ten days late, the Landlord may
charge interest. The rent is 900 euros. The Landlord may increase the rent once a year.

3. REPAIRS

The Landlord must repair the roof and the heating. The Tenant must report damage within five days. The Tenant must not
sublet the Premises without written consent.
""",
    "Bread": """# Country bread

## Ingredients

- 500 g flour
- 350 ml water
- 10 g salt

## Method

1. Mix the flour and the water in a large bowl.
2. Let the dough rest for 30 minutes.
3. Add the salt and knead the dough for ten minutes.
4. Bake the loaf at 230 °C until the crust is dark.

Resting the dough is important because the flour absorbs water slowly. The bread keeps for four days.
""",
    "Meeting": """Meeting notes, allotment society

Date: 3 May 2022
Present: Ann Moss, Dr. Lee, P. Okafor
Apologies: none

The water bill was discussed. Dr. Lee reported that the leak near plot 14 has been repaired. The committee decided
to buy a new pump. The pump will cost about 300 pounds. P. Okafor will ask for two quotes before the next meeting.
Compost deliveries will begin in June.
""",
    "Telegraph": """The electric telegraph was the first means of sending news faster than a horse. In 1837, Cooke
and Wheatstone patented a telegraph with five needles. Samuel Morse was a painter. He developed a code of dots and
dashes in the 1830s. The first transatlantic cable was laid in 1858. It failed after three weeks. A lasting cable
was completed in 1866 by the Great Eastern, which was the largest ship of its time. Newspapers depended on the
telegraph for foreign news. The telegraph declined in the twentieth century because the telephone was easier to
use.
""",
    "Kettle manual": """Model K-20 kettle
=================

Before first use
----------------

To clean the kettle, fill it with water and boil it twice. Remove the packaging from the lid. Place the base on a
dry surface.

Descaling
---------

The kettle should be descaled every three months. Scale is caused by hard water. To remove the scale, use citric acid.

Faults
------

If the red lamp blinks, switch the kettle off. If the kettle boils dry, the safety switch cuts the power. The kettle has
a capacity of 1.7 litres. The warranty lasts two years. **Warning:** never open the base.
""",
    "Page.html": """<html><head><title>Museum</title><style>p {color: red}</style></head><body>
<h1>City Museum</h1><p>The museum is located in the old customs house. It is open on weekdays.</p>
<h2>What does a ticket cost?</h2><p>A ticket costs 8 euros. Children pay half.</p>
<ul><li>The library contains 20,000 maps.</li><li>The caf&eacute; closes at 5 p.m.</li></ul>
<p>The collection includes coins, maps &amp; ship models. <!-- draft --></p></body></html>
""",
    "Sleep": "Sleep is a state of rest in which the brain sorts what it has learned.",
    "Heat pumps": """Heat pumps move heat from a cold place to a warm one. A heat pump consists of a compressor,
two heat exchangers and a valve. The compressor raises the pressure of the refrigerant. Heat pumps can cool a house
by running in reverse. The efficiency of a heat pump depends on the temperature of the source. Noise is mainly
caused by the fan. There are three types of heat pumps. Air-source units are used for small houses. Ground-source
units cost more, but they work well in cold winters. The U.S. market grew by 15 percent in 2022. See Fig. 3 for
details, i.e. the curve at 3.5 bar.
""",
    "Library card FAQ": """## Who can borrow books?

Every resident of the town can borrow books free of charge.

## How long may I keep a book?

Books may be kept for four weeks. Loans can be renewed twice by phone.

Q: Where can I return books?
A: Books can be returned at any branch or in the box at the station.
""",
    "Geology": """Granite is an igneous rock that forms when magma cools slowly. Basalt cools quickly and therefore
has small crystals. Limestone is made of the shells of sea creatures. Marble forms from limestone under heat and
pressure. The oldest rocks in the region are 600 million years old. Volcanoes release gases such as carbon dioxide.
Erosion carries sediment to the sea. Fossils are found in limestone. The valley was carved by a glacier. Quarrying
ended in 1974 after the price of stone collapsed. The museum displays a fossil fish that was found in 1931.
""",
    "Software notes": """# Backup tool

The tool copies files to a second disk. A backup is started with the command below:

```
backup --to /mnt/disk
```

The following options are available:

* `--verify`: compares every file after copying
* `--quiet`: prints nothing

Restoring a file takes five minutes. See [the guide](https://example.org/guide) for *advanced* use. Snapshots are kept
for 30 days. Old snapshots are deleted because disks fill up quickly. Encryption can be switched off.
""",
    "Garden letter": """We moved the roses in October. The roses need full sun, and the new bed gets it from noon. Mulch
prevents weeds. Slugs eat young lettuce at night; copper tape keeps them away. Tomatoes should be watered every morning.
The greenhouse was built by my grandfather in 1961. It leaks when it rains.
""",
}  # fmt: skip

SOURCES = [{"title": title, "content": content} for title, content in PASSAGES.items()]
FOREIGN = {
    "Deutsch": "# Wärmepumpen\n\nEine Wärmepumpe entzieht der Umgebung Wärme. Die Kosten betragen z.B. 20.000 Euro.\n\n"
    "## Was kostet der Betrieb?\n\nDer Betrieb kostet etwa 900 Euro im Jahr.",
    "Français": "Le musée est situé dans l'ancienne douane. Les enfants paient la moitié du prix.",
    "中文": "# 太阳能\n\n太阳能电池板将阳光转化为电能。效率约为百分之二十。为什么要使用太阳能？因为它是可再生的。",
    "العربية": "الطاقة الشمسية مصدر متجدد للطاقة. ما هي التكلفة؟ التكلفة منخفضة.",
    "हिन्दी": "सौर ऊर्जा एक नवीकरणीय स्रोत है। पैनल छत पर लगाए जाते हैं।",
    "עברית": "אנרגיה סולארית היא מקור מתחדש. הפאנלים מותקנים על הגג.",
    "ไทย": "พลังงานแสงอาทิตย์เป็นพลังงานหมุนเวียน",
}


def draw_questions(sources: list[dict[str, str]], count: int, already: Sequence[str] = ()) -> list[str]:
    return faq.draw_questions(sources, count, already)["questions"]


def find_sources(question: str, answer: str, sources: list[dict[str, str]]) -> list[str]:
    return faq.find_sources(question, answer, sources)["sources"]


def alone(title: str) -> list[dict[str, str]]:
    return [{"title": title, "content": {**PASSAGES, **FOREIGN}[title]}]


def source(content: str, title: str = "Doc") -> list[dict[str, str]]:
    return [{"title": title, "content": content}]


@pytest.mark.parametrize(
    ("title", "question", "answer"),
    [
        ("Harbour report", "How often is dredging carried out?", "Dredging is carried out every two years."),
        ("Harbour report", "When was the main breakwater repaired?", "The main breakwater was repaired in 2019."),
        (
            "Harbour report",
            "What share of the budget did maintenance costs account for?",
            "Maintenance costs accounted for 35 percent of the budget.",
        ),
        (
            "Harbour report",
            "What does the table say about “North quay”?",
            "Berth: North quay; Depth: 12 m; Crane: 40 t",
        ),
        ("Beekeeping.txt", "What is a hive?", "A hive is a box in which a colony of honey bees lives."),
        (
            "Beekeeping.txt",
            "How many bees does a strong colony contain?",
            "A strong colony contains 50,000 bees in midsummer.",
        ),
        (
            "Beekeeping.txt",
            "How do bees survive the winter?",
            "Bees survive the winter by clustering around the queen. They eat the honey that was stored in summer.",
        ),
        ("Lease", "What is the “Deposit”?", 'The "Deposit" is the sum paid by the Tenant on signature.'),
        ("Lease", "How soon must the Tenant report damage?", "The Tenant must report damage within five days."),
        (
            "Lease",
            "What must the Tenant not do?",
            "The Tenant must not sublet the Premises without written consent.",
        ),
        ("Bread", "What is listed under “Ingredients”?", "500 g flour; 350 ml water; 10 g salt"),
        ("Bread", "What should you do with the loaf?", "Bake the loaf at 230 °C until the crust is dark."),
        ("Meeting", "What did Dr. Lee report?", "Dr. Lee reported that the leak near plot 14 has been repaired."),
        ("Meeting", "How much will the pump cost?", "The pump will cost about 300 pounds."),
        (
            "Telegraph",
            "Who was Samuel Morse?",
            "Samuel Morse was a painter. He developed a code of dots and dashes in the 1830s.",
        ),
        (
            "Telegraph",
            "Why did the telegraph decline in the twentieth century?",
            "The telegraph declined in the twentieth century because the telephone was easier to use.",
        ),
        (
            "Kettle manual",
            "How do you clean the kettle?",
            "To clean the kettle, fill it with water and boil it twice.",
        ),
        (
            "Kettle manual",
            "What happens if the kettle boils dry?",
            "If the kettle boils dry, the safety switch cuts the power.",
        ),
        ("Page.html", "What does a ticket cost?", "A ticket costs 8 euros."),
        ("Page.html", "What does the collection include?", "The collection includes coins, maps & ship models."),
        ("Sleep", "What is sleep?", "Sleep is a state of rest in which the brain sorts what it has learned."),
        ("Heat pumps", "How many types of heat pumps are there?", "There are three types of heat pumps."),
        ("Heat pumps", "What is noise caused by?", "Noise is mainly caused by the fan."),
        ("Library card FAQ", "How long may I keep a book?", "Books may be kept for four weeks."),
        (
            "Library card FAQ",
            "Where can I return books?",
            "Books can be returned at any branch or in the box at the station.",
        ),
        (
            "Geology",
            "How old are the oldest rocks in the region?",
            "The oldest rocks in the region are 600 million years old.",
        ),
        ("Software notes", "How long are snapshots kept?", "Snapshots are kept for 30 days."),
        (
            "Garden letter",
            "When was the greenhouse built?",
            "The greenhouse was built by my grandfather in 1961. It leaks when it rains.",
        ),
        ("Deutsch", "Was kostet der Betrieb?", "Der Betrieb kostet etwa 900 Euro im Jahr."),
        ("中文", "为什么要使用太阳能？", "因为它是可再生的。"),
        ("العربية", "ما هي التكلفة؟", "التكلفة منخفضة."),
    ],
)
def test_a_sentence_is_asked_for_and_answers(title: str, question: str, answer: str) -> None:
    assert question in draw_questions(alone(title), 50)
    assert answer_question(question, alone(title)) == answer
    assert find_sources(question, answer, [*SOURCES, *(alone(title) if title in FOREIGN else [])]) == [title]


@pytest.mark.parametrize("title", [*PASSAGES, *FOREIGN])
def test_questions_are_questions_without_dangling_subjects(title: str) -> None:
    questions = draw_questions(alone(title), 200)
    assert questions
    for question in questions:
        assert question.endswith(("?", "？", "؟"))
        assert len(question) <= 200
        unquoted = set(words_of(question.partition("“")[0]))
        assert not unquoted & {"it", "they", "this", "these", "he", "she"} or title in FOREIGN
        assert answer_question(question, alone(title)) not in ("", NO_ANSWER)


def test_questions_are_answered_by_their_own_sentences() -> None:
    """Print and hold the share of questions that come back to the sentence and document they were drawn from."""
    sources = [*SOURCES, *(alone(title)[0] for title in FOREIGN)]
    questions = draw_questions(sources, 200)
    right = sum(is_answered_rightly(question, sources) for question in questions)
    share = f"{right} of {len(questions)} drawn questions ({right / len(questions):.1%})"
    print(f"\n{share} find their sentence and document")
    assert len(questions) >= 100
    assert right >= 0.95 * len(questions)


def is_answered_rightly(question: str, sources: list[dict[str, str]]) -> bool:
    reading = read(sources)
    place = reading.places[reading.owners[normalised(question)].at]
    answer = answer_question(question, sources)
    drawn_from = place.passage.text in answer or place.passage.text.endswith(("?", "？", "؟"))
    title = reading.titles[place.document]
    stands = any(passage.text in answer for passage in read_passages(sources[place.document]["content"]))
    return drawn_from and stands and find_sources(question, answer, sources) == [title]


def test_reworded_questions_are_found_by_search_alone() -> None:
    """Print and hold the share of questions from elsewhere whose words lead to the sentence."""
    questions = [question for question in draw_questions(SOURCES, 120) if "“" not in question]
    found = 0
    for question in questions:
        asked = f"Please tell me: {question[:-1].lower()}, exactly?"
        assert normalised(asked) not in read(SOURCES).owners
        found += answer_question(asked, SOURCES) == answer_question(question, SOURCES)
    print(f"\n{found} of {len(questions)} reworded questions ({found / len(questions):.1%}) find the same sentence")
    assert found >= 0.8 * len(questions)


def test_answers_speak_of_what_is_asked() -> None:
    """Hold the questions to the words of their answers, their headings and titles, whatever drew them."""
    for title in PASSAGES:
        for question in draw_questions(alone(title), 50):
            reading = read(alone(title))
            heading = reading.places[reading.owners[normalised(question)].at].passage.heading
            about = [word for word in words_of(question) if word not in FUNCTION_WORDS | SCAFFOLD]
            told = set(stems_of(words_of(f"{answer_question(question, alone(title))} {heading} {title}")))
            known = [stem for stem in stems_of(about) if stem in told]
            assert len(known) >= 0.5 * len(about), question


SCAFFOLD = listed("text say said section listed steps stated table happens done document")


def test_the_documents_take_turns() -> None:
    questions = draw_questions(SOURCES, len(SOURCES))
    named = [find_sources(question, answer_question(question, SOURCES), SOURCES)[0] for question in questions]
    assert sorted(named) == sorted(PASSAGES)


def test_questions_asked_already_are_not_repeated() -> None:
    first = draw_questions(SOURCES, 20)
    more = draw_questions(SOURCES, 20, already=[question.upper().rstrip("?") for question in first])
    assert len(more) == 20
    assert not {normalised(question) for question in first} & {normalised(question) for question in more}


def test_enough_text_gives_exactly_as_many_questions_as_asked_for() -> None:
    for count in (0, 1, 7, 50, 120):
        questions = draw_questions(SOURCES, count)
        assert len(questions) == count
        assert len({normalised(question) for question in questions}) == count


def test_little_text_gives_fewer_questions() -> None:
    assert 1 <= len(draw_questions(alone("Sleep"), 10)) <= 3


@pytest.mark.parametrize(
    "question", ["What is the airspeed of an unladen swallow?", "Who wrote Hamlet?", "Why?", "", "42", "Wer ist das?"]
)
def test_what_the_documents_do_not_say_is_said_plainly(question: str) -> None:
    assert answer_question(question, alone("Bread")) == NO_ANSWER
    assert find_sources(question, NO_ANSWER, SOURCES) == []


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("How much does a ticket to the museum cost?", "A ticket costs 8 euros."),
        ("what capacity has the kettle", "The kettle has a capacity of 1.7 litres."),
        ("When did the two inventors Cooke and Wheatstone get a patent?", "In 1837, Cooke and Wheatstone patented"),
        ("Is limestone made from shells?", "Limestone is made of the shells of sea creatures."),
    ],
)
def test_questions_from_elsewhere_get_the_sentence_that_fits_best(question: str, answer: str) -> None:
    assert answer_question(question, SOURCES).startswith(answer)


def test_a_sentence_that_points_back_brings_the_one_before() -> None:
    assert answer_question("How many weeks until failure?", SOURCES).endswith("It failed after three weeks.")
    assert answer_question("How many weeks until failure?", SOURCES).startswith("The first transatlantic cable")


def test_an_answer_that_stands_nowhere_has_no_source() -> None:
    assert find_sources("Who?", "Entirely unrelated verbiage concerning trombones.", SOURCES) == []


def test_every_document_that_says_it_is_named_in_order() -> None:
    copies = [*alone("Sleep"), {"title": "Copy", "content": "Intro.\n\n" + PASSAGES["Sleep"]}, *alone("Bread")]
    assert find_sources("What is sleep?", PASSAGES["Sleep"], copies) == ["Sleep", "Copy"]
    both = "Granite is an igneous rock that forms when magma cools slowly. The rent is 900 euros."
    assert find_sources("?", both, SOURCES) == ["Lease", "Geology"]


@pytest.mark.parametrize(
    "content", ["", " \n ", "🎉🎉 🥳", "...", "---\n***", "`" * 50, "|||", "# \n", "```\ncode\n```", "hello"]
)
def test_documents_that_say_nothing_do_no_harm(content: str) -> None:
    questions = draw_questions(source(content), 5)
    assert len(questions) <= 1
    for question in questions:
        answer = answer_question(question, source(content))
        assert answer
        assert find_sources(question, answer, source(content)) == ["Doc"]


@pytest.mark.parametrize(
    ("paragraph", "count"),
    [
        ("Dr. Lee met Mr. Fox at 3.5 bar, e.g. in the U.S. market. It worked.", 2),
        ("He moved to Kent. The firm, Acme Inc. of Ohio, stayed. See Fig. 3 and p. 4.", 3),
        ('"Stop!" he said. "Why?" She left... Then, i.e. later, J. R. Smith came.', 4),
        ("第一句。第二句！第三句？", 3),
        ("Une phrase. Été comme hiver. À demain!", 3),
    ],
)
def test_sentences_end_where_they_end(paragraph: str, count: int) -> None:
    assert len(split_sentences(paragraph)) == count


def test_wrapped_lines_are_joined_and_written_lines_kept() -> None:
    wrapped = ["This is a paragraph of ordinary text that was", "wrapped by hand at a certain self-", "chosen width."]
    assert join_wrapped_lines(wrapped) == [
        "This is a paragraph of ordinary text that was wrapped by hand at a certain self-chosen width."
    ]
    assert join_wrapped_lines(["Date: 3 May", "Present: Ann", "Place: hall"]) == [
        "Date: 3 May",
        "Present: Ann",
        "Place: hall",
    ]


def test_markup_is_not_quoted() -> None:
    passages = read_passages(PASSAGES["Software notes"] + PASSAGES["Page.html"])
    text = " ".join(passage.text for passage in passages)
    assert "See the guide for advanced use." in text
    assert not any(mark in text for mark in ("](", "**", "<p>", "&amp;", "backup --to", "draft", "color: red"))


any_text = st.text(max_size=400) | st.lists(st.sampled_from(sorted(PASSAGES.values())), max_size=2).map("\n".join)
markup = st.lists(
    st.sampled_from(
        [*"#*_`[]()<>|-:.?!&~\\\"'\n ", "The pump is ", "It ", "a\n", "1. ", "In 1954, ", "If x y z, ", "“", "é", "中"]
    )
).map("".join)


@settings(max_examples=150, deadline=None)
@given(
    contents=st.lists(any_text | markup, min_size=1, max_size=3), count=st.integers(0, 12), asked=st.text(max_size=40)
)
def test_any_text_is_taken(contents: list[str], count: int, asked: str) -> None:
    sources = [{"title": f"Title {number}", "content": content} for number, content in enumerate(contents)]
    questions = draw_questions(sources, count, already=[asked])
    assert len(questions) <= count
    assert len({normalised(question) for question in questions}) == len(questions)
    for question in [*questions, asked]:
        answer = answer_question(question, sources)
        assert answer
        assert "\n" not in answer
        assert set(find_sources(question, answer, sources)) <= {each["title"] for each in sources}
        assert find_sources(question, answer, sources) or answer == NO_ANSWER
    read_once.cache_clear()
    assert draw_questions(sources, count, already=[asked]) == questions


def test_the_same_in_every_process_and_silently() -> None:
    code = (
        "import sys, json, understudies.faq as u;"
        "sources = json.load(sys.stdin); questions = u.draw_questions(sources, 60)['questions'];"
        "asked = [*questions, 'what capacity has the kettle', 'winter honey'];"
        "answers = [u.answer_question(question, sources) for question in asked];"
        "print(json.dumps([questions, answers, [u.find_sources('', 'x ' + a, sources)['sources'] for a in answers]]))"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", code],
            input=json.dumps(SOURCES),
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        for seed in ("1", "2")
    ]
    assert runs[0].stdout == runs[1].stdout
    assert [run.stderr for run in runs] == ["", ""]


def test_many_threads_get_what_one_gets() -> None:
    questions = draw_questions(SOURCES, 40)
    expected = [answer_question(question, SOURCES) for question in questions]
    read_once.cache_clear()
    with ThreadPoolExecutor(16) as pool:
        answers = list(
            pool.map(lambda question: answer_question(question, [dict(each) for each in SOURCES]), questions * 4)
        )
    assert answers == expected * 4
    assert read_once.cache_info().misses == 1


def test_reading_a_megabyte_costs_in_proportion() -> None:
    """Ten times the text may take thirty times as long; were each part compared with all, it would be a hundred."""
    few, many = cpu_seconds(100_000), cpu_seconds(1_000_000)
    print(f"\n100 KB read and 50 questions answered in {few:.2f} s of CPU, 1 MB in {many:.2f} s")
    assert many < 30 * few


@pytest.mark.parametrize("line", ["=\n", "- a\n", "# a\n\nb\n\n", "| a | b |\n", "中。", "Why? "])
def test_what_has_no_end_is_read_up_to_a_bound(line: str) -> None:
    assert len(read_passages(line * (MOST + 10))) <= MOST


def cpu_seconds(size: int) -> float:
    """Return what a text of so many characters takes to be read and asked 50 questions about."""
    sentences = [sentence for text in PASSAGES.values() for sentence in split_sentences(" ".join(text.split()))]
    paragraphs = [" ".join(f"{sentence} {number}" for sentence in sentences[number % 9 :: 9]) for number in range(5000)]
    content = "\n\n".join(paragraphs)[:size]
    started = time.process_time()
    questions = draw_questions(source(content), 50)
    answers = [answer_question(question, source(content)) for question in questions]
    assert len(answers) == 50
    return time.process_time() - started
