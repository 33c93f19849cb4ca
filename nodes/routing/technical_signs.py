"""The signs of a technical problem: something does not work, or somebody does not know how to make it work."""

from __future__ import annotations

from nodes.routing.sign import HINT, LIKELY, STRONG, TOPIC, Row

# To be read before the signs of billing, which would take parts of them.
COMPOUND: tuple[Row, ...] = (
    (
        STRONG,
        "charging",
        r"CANNOT( \w+){0,2} charg(e|es|ing)(?! (me|us|my|our|for|vat|tax|any|a|extra)\b)",
    ),
    (
        TOPIC,
        "charging",
        r"""
        charging (cable|port|case|dock|station|pad|light|brick)
        (battery|phone|laptop|tablet|watch|earbuds|headphones)( \w+){0,3} charg(es|ing)
        """,
    ),
    (
        STRONG,
        "the page",
        r"""
        (payment|billing|checkout|invoices?|refund) PLACE( \w+){0,6} (40[0-9]|50[0-4]|throws?|exceptions?)
        (payment|billing|checkout|invoices?) PLACE( \w+){0,4} (blank|white|load\w*|crash\w*|freez\w*|froze|stuck)
        (payment|billing|checkout|invoices?) PLACE( \w+){0,4} (error\w*|hangs?|work\w*)
        """,
    ),
)
PLAIN: tuple[Row, ...] = (
    (
        STRONG,
        "the error",
        r"""
        (error |fault |status )?codes? [a-z]{0,3}\d\w*
        crash\w*|glitch\w*|bugs?|buggy|errors?|malfunction\w*|malware|virus|(40[0-9]|50[0-4])
        exceptions?|stack ?trace|javascript|(returns?|throws?|gives?|got) (an? )?(4|5)[0-9]{2}
        """,
    ),
    (
        STRONG,
        "the freezing",
        r"""
        freez\w+|froze|frozen|hangs|hanging|unresponsive|spinning|spins|buffering|overheat\w*|corrupt\w*|stutter\w*
        lag(s|gy|ging)
        """,
    ),
    (
        STRONG,
        "signing in",
        r"""
        (log|sign|kick|throw|boot)(s|ed|ged|ging|ing|n)?( me| us| him| her| everyone)? (out|off)|session expired
        locked ~2 out|CANNOT ~4 (log ?in|log into|sign ?in|sign into)
        forg[eo]t\w* ~2 (passwords?|username|login|pin|passcode)
        (incorrect|invalid|wrong) (passwords?|credentials|token|username|pin|certificate)
        """,
    ),
    (
        STRONG,
        "the password",
        r"""
        (reset\w*|recover\w*|chang(e|ing)) ~2 (passwords?|pin|passcode)
        passwords?( \w+){0,4} (wrong|incorrect|invalid|not accepted|rejected|reset)
        """,
    ),
    (
        STRONG,
        "the verification",
        r"""
        two ?factor|2fa|authenticat\w+
        (verification|security|activation|one time|login) (code|email|e mail|sms|link)s?
        """,
    ),
    (
        STRONG,
        "the display",
        r"""
        (blank|black|white|blue|dark|frozen) (screen|page)s?|no (picture|display|video)
        (screen|page|display)s? ~3 (blank|black|white|blue|dark|flicker\w*|pixelated|garbled)
        """,
    ),
    (
        STRONG,
        "the connection",
        r"""
        disconnect\w*|(drop|los|cut)(s|es|ing|ping|ped|t)? ~2 (connection|signal|wi ?fi|calls?|pairing)
        connection ~3 (drops?|dropped|lost|los[et]s?)|no (signal|internet|connection|wi ?fi)
        """,
    ),
    (STRONG, "the sound", r"no (sound|audio)|(sound|audio) ~3 (missing|gone|distort\w*|crackl\w*)"),
    (
        STRONG,
        "",
        r"""
        (shut|turn|switch|power|clos)(s|es|ed|ting|ing)? (\w+ )?(down|off|by itself)
        (restart|reboot)(s|ing) (itself|by|on|random\w*|every)
        """,
    ),
    (
        STRONG,
        "the battery",
        r"""
        (battery|power) ~4 (from 100|to 0|to zero|drain\w*|dies|dying|dead|empty|lasts?|runs? out)
        (gets?|runs?|too|extremely|burning) hot
        """,
    ),
    (
        STRONG,
        "the loading",
        r"""
        (load|buffer|spin)\w* ~2 (forever|endless\w*|for ages)|(forever|ages) ~2 load\w*
        (stop|stopp|freez|hang|fail|get)(s|es|ed|ing) (stuck )?at \w+|time[ds]? ?outs?|timing out
        """,
    ),
    (
        STRONG,
        "the lost data",
        r"""
        (photos?|files?|contacts|data|messages|documents?|settings|playlists?|projects?) ~3 (disappear\w*|gone|lost)
        (photos?|files?|contacts|data|messages|documents?|settings|playlists?|projects?) ~3 (vanish\w*|deleted|wiped)
        """,
    ),
    (
        STRONG,
        "",
        r"""
        (updated|upgraded) ~4 and now|(stays?|remains?|is|are) gr[ea]y(ed)?
        (gr[ea]y(ed)?|blacked) out|(does|do|did) nothing|nothing happens?|something went wrong
        CANNOT ~3 WORKS
        THING ~5 BROKEN
        BROKEN ~4 THING
        """,
    ),
    (
        STRONG,
        "the setup",
        r"""
        how (do|can|could|to|2|would|should|does) ~4 DO_IT
        (help|trouble|assist\w*|problems?|issues?|difficult\w*|struggl\w*|steps|guide|instructions) ~5 DO_IT
        """,
    ),
    (
        STRONG,
        "the technical problem",
        r"(technical|tech|it) (support|issues?|problems?|help|difficult\w*|assistance|team)|troubleshoot\w*",
    ),
    (
        TOPIC,
        "",
        r"""
        (re|un)install\w*|reboot\w*|restart\w*|factory reset|clear(ed|ing)? (the |my )?(cache|cookies)|stuck|no results
        not (detected|recogni[sz]ed|found|supported)|(access|permission) denied
        (it|screen|app|page|system|message|display)( just| only| always| keeps)? (says|saying|reads)
        """,
    ),
    (
        TOPIC,
        "the setup",
        r"""
        how (do|can|could|to|would|should) ~8 GADGET
        (recover|restor|retriev)\w* ~4 THING
        """,
    ),
    (LIKELY, "", r"GADGET"),
    (HINT, "", r"THING|version|install\w*|settings|logged"),
)
