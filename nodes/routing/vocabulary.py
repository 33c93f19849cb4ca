"""Groups of words that stand in many signs, one alternative a line."""

from __future__ import annotations

import re

# What hardly anybody writes to support about unless it does not do as it should.
GADGET = r"""
    apps?|software|(web ?)?sites?|home ?page|pages?|portal|dashboard|console|admin panel|smart \w+|games?
    devices?|(smart|i)?phones?|android|ios|ipad|tablets?|laptops?|computers?|workstations?|pc|mac|macbook|windows|linux
    printers?|scanner|routers?|modem|wi ?fi|internet|vpn|bluetooth|usb|hdmi|firewall|alexa|siri|robot \w+
    touch ?(pad|screen)|screens?|monitors?|keyboard|headphones|headset|ear ?buds?|hearing aids?|microphone|mic
    (web ?)?cam(era)?s?|projectors?|thermostat|remote|ssd|(hard|shared|network|flash|usb) drives?
    firmware|drivers?|browser|chrome|safari|firefox|plug ?ins?|api|webhooks?|servers?|database|sync|dns|ssl|patch
    log ?in|sign ?(in|on)|sso|passwords?|passcode|captcha|qr code|licen[cs]e (key|server)|activation|formulas?
    buttons?|cursor|notifications?|uploads?|downloads?|installer|autocorrect|toolbar|popups?|editor|skill
    zoom|pdfs?|jpe?gs?|csv|attachments?|subtitles|calendar|(voice|video) (calls?|chat)
"""
# What is technical only if something is wrong with it.
THING = rf"""
    {GADGET.strip()}
    applications?|program|platform|network|connection|display|mouse|speakers?|watch|tv|battery|chargers?|fan|keys
    extension|links?|menu|videos?|audio|sound|files?|updates?|installation|hub|bulb|search|map|gps|drives?
    (sd|sim|memory|graphics|sound) cards?|controller|drone|vacuum|mower|lock|dishwasher|oven|fridge|washing machine
    (coffee|sewing|ice) (machine|maker)|boiler|heater|lights?|lamp|doorbell|alarm|e ?reader|tracker|sensors?|kettle
    toaster|voice ?mail|chat|cloud|backups?|folders?|spreadsheets?|reports?|documents?|pictures?|photos?|images?
    font|text|plug|socket|icons?|tabs?|cache|cookies|stream|podcast|form|barcode|token|domain|hosting|widget|system|port
    messages?|emails?|machine|engine|motor|pairing
"""
CANNOT = r"""
    can ?not|cant|could ?nt|could not|unable to|(not|never) able to|wont|will not|would ?nt|does ?nt|does not|dont
    do not|did ?nt|did not|isnt|is not|arent|are not|wasnt|never|fail(s|ed|ing)? to|refus\w+ to|stop(s|ped)|no longer
    not|nothing|hardly|barely|impossible to
"""
WORKS = r"""
    work(s|ed|ing)?|function\w*|load\w*|open(s|ed|ing)?|start(s|ing)?|boot\w*|launch\w*|run(s|ning)?|respond\w*
    (re)?connect\w*|sync\w*|pair\w*|install\w*|uninstall\w*|updat(e|es|ing)|upload\w*|download\w*|save|saves|saving
    print(s|ing)?|scan(s|ning)?|play(s|ing)?|(turn|switch|power)(s|ed|ing)? (\w+ )?(on|up)|lock|unlock
    log(ging|ged)? ?(in|on|into)|sign(ing|ed)? ?(in|into)|get (in|into|past)|detect\w*|recogni[sz]e\w*|display\w*
    show(s|ing)? up|access|reset|verify|refresh\w*|scroll\w*|click|type|import\w*|export\w*|restore|back ?up|stream
    register|configure|set up|reach the (server|site|website)|hear|submit|join|charge|understand your
"""
BROKEN = r"""
    broken?|dead|stuck|slow\w*|sluggish|lag(s|gy|ging)?|fail(s|ed|ing|ure)?|faulty|defective|offline|unusable|cracked
    (is|are|was|went|goes|keeps? going|completely) down|down|disappear\w*|vanish\w*|lost|problems?|issues?|trouble|fault
    acting up|weird|flicker\w*|stopped|something \w+ wrong|whats wrong|wrong with|interrupted|unstable|keeps? \w+ing
    echo\w*|static|distort\w*|garbl\w*|garbage|upside down|loop\w*|beep\w*|blink\w*|flash(es|ing)|nois[ey]\w*|vibrat\w*
    out of sync|in circles|by itself|on its own|empty|mess\w* up|misbehav\w*|haywire|jam(s|med|ming)?|leak\w*|rattl\w*
    unknown|unreachable|inaccessible|unavailable|disabled|blocked|choppy|jerky|stutter\w*|delay\w*|quieter|louder|rejects?
    denied|unsupported|unreadable|incompatib\w+|only works
"""
DO_IT = r"""
    (re|un)?install\w*|set(ting)? ?up|(re)?connect\w*|pair\w*|configur\w+|sync\w*|reset\w*|restor\w+|back(ing)? ?up
    export\w*|import\w*|enabl\w+|disabl\w+|turn(ing)? (\w+ ){0,2}(on|off|down)|reboot\w*|updat(e|ing) (the |my )?\w+
    download(ing)?|upload\w*|log(ging)? ?(in|on|into)|sign(ing)? ?in|activat\w+|unlock\w*|print\w*|scan\w*|migrat\w+
    (transfer|move|copy)\w* (\w+ ){0,3}(files|data|photos|contacts)
"""
CARD = r"""
    (credit |debit |bank )?cards?|payment (method|details|info\w*|option)s?|bank (details|account)|billing \w+|iban
    paypal|direct debit
"""
PLAN = r"""
    subscriptions?|memberships?|plans?|trial|auto ?renew\w*|renewal|contract|licen[cs]es?|premium|annual|yearly|monthly
"""
DOCUMENT = "invoices?|bill|statement|charges?|payments?|receipts?"
PLACE = "page|screen|tab|section|download|form"
MATTER = "issue|question|problem|matter|inquiry|thing"
GROUPS = {name: value for name, value in list(globals().items()) if name.isupper()}


def compiled(lines: str) -> re.Pattern[str]:
    r"""Compile a sign: each line is an alternative, `~3` stands for up to three words, `THING` for a group of words.

    It matches whole words only. Of a bounded number of words between two others it reads each at most once.
    """
    text = re.sub(r"\b[A-Z_]{4,}\b", lambda name: f"({_joined(GROUPS[name[0]])})", _joined(lines))
    spaced = re.sub(r" ~(\d+) ", r"( \\w+){0,\1} ", text)
    return re.compile(rf"\b(?:{re.sub(r'[(](?![?])', '(?:', spaced)})\b")


def _joined(lines: str) -> str:
    return "|".join(line.strip() for line in lines.strip().splitlines())
