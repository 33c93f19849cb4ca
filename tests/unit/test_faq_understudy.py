"""The offline FAQ: questions from any prose, answers that are its sentences, sources where they stand."""

import subprocess
import sys
import threading
import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodes.faq_understudy import NO_ANSWER, answer_question, draw_questions, find_sources
from nodes.prose.sentences import normalised, split_sentences, words_of
from nodes.prose.text import read_passages

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

The water bill was discussed. Dr. Lee reported that the leak near plot 14 has been repaired. The committee decided to buy
a new pump. The pump will cost about 300 pounds. P. Okafor will ask for two quotes before the next meeting. Compost
deliveries will begin in June.
""",
    "Telegraph": """The electric telegraph was the first means of sending news faster than a horse. In 1837, Cooke and
Wheatstone patented a telegraph with five needles. Samuel Morse was a painter. He developed a code of dots and dashes in
the 1830s. The first transatlantic cable was laid in 1858. It failed after three weeks. A lasting cable was completed in
1866 by the Great Eastern, which was the largest ship of its time. Newspapers depended on the telegraph for foreign news.
The telegraph declined in the twentieth century because the telephone was easier to use.
""",
    "Kettle manual": """Model K-20 kettle
=================

Before first use
----------------

To clean the kettle, fill it with water and boil it twice. Remove the packaging from the lid. Place the base on a dry surface.

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
    "Heat pumps": """Heat pumps move heat from a cold place to a warm one. A heat pump consists of a compressor, two heat
exchangers and a valve. The compressor raises the pressure of the refrigerant. Heat pumps can cool a house by running in
reverse. The efficiency of a heat pump depends on the temperature of the source. Noise is mainly caused by the fan. There
are three types of heat pumps. Air-source units are used for small houses. Ground-source units cost more, but they work
well in cold winters. The U.S. market grew by 15 percent in 2022. See Fig. 3 for details, i.e. the curve at 3.5 bar.
""",
    "Library card FAQ": """## Who can borrow books?

Every resident of the town can borrow books free of charge.

## How long may I keep a book?

Books may be kept for four weeks. Loans can be renewed twice by phone.

Q: Where can I return books?
A: Books can be returned at any branch or in the box at the station.
""",
    "Geology": """Granite is an igneous rock that forms when magma cools slowly. Basalt cools quickly and therefore has
small crystals. Limestone is made of the shells of sea creatures. Marble forms from limestone under heat and pressure.
The oldest rocks in the region are 600 million years old. Volcanoes release gases such as carbon dioxide. Erosion carries
sediment to the sea. Fossils are found in limestone. The valley was carved by a glacier. Quarrying ended in 1974 after the
price of stone collapsed. The museum displays a fossil fish that was found in 1931.
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
