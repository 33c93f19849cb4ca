"""The signs of what is neither technical nor billing, of moods, and words that only look like a sign."""

from __future__ import annotations

from nodes.routing.sign import ASKED, STRONG, TOPIC, Mood, Row

NONE = r"""
    thank(s| you) ~3 for(?! (charging|billing|overcharging|breaking|ruining|nothing)\b)( \w+){0,8}
    phone (number|calls?|support|line)|(by|over the|on the|via) phone|(call|phone) (me|us)
    (i am|im|my name is|name is|hi|hello|hey|dear|regards|mr|this is) bill
    (no|without|zero|without any)( more)?( single)? (crash\w*|bugs?|errors?|issues?|problems?|glitch\w*|complaints?)
    (by|in|my|human|clerical|typing) error|crash course|bug report form|world cup
    (library|birthday|greeting|business|loyalty|post|thank you) cards?
    (in|take|took|taking|free of|person in) charge|due to|due diligence|pay(ing)? (attention|a visit)
    (not|nothing to do with|isnt|no)( (about|a|an|my|the|really|to do with)){0,4} (billing|technical|tech) MATTER
    (not|nothing to do with|isnt|no)( (about|a|an|my|the|really|to do with)){0,4} (payments?|invoices?|refunds?) MATTER
    (not|nothing|isnt|no) (about|really|to do with)( (a|an|my|the)){0,2} (payments?|invoices?|refunds?|billing)
    (credit|kudos|props) (to|for)|frozen (food|pizza|fruit|peas|meals?|yogh?urt)|hang in there
"""
GENERAL: tuple[Row, ...] = (
    (ASKED, "", r"jobs?|vacanc(y|ies)|careers?|internships?|recruit\w*|cover letter|hiring|cv"),
    (ASKED, "", r"apply\w*( for| to| as) ~5 (position|role|post|team|specialist|engineer|assistant)"),
    (ASKED, "", r"(write|compose|sing|tell) ~2 (poem|joke|stor(y|ies)|song|haiku|essay|rap|limerick)"),
    (
        ASKED,
        "",
        r"""
        (opening|business|office|working|visiting|holiday) (hours|times)|what time ~4 (open|close|shut)\w*
        (open|opens|closed?|closes) ~3 (on )?(\w+days?|weekends?|holidays?|easter|christmas|today|tonight|tomorrow)
        """,
    ),
    (
        ASKED,
        "",
        r"(robot|bot|machine) or( an?)?( real)? (human|person)|(bigger|smaller|larger|another|different|next) sizes?",
    ),
    (ASKED, "", r"(delet\w+|clos\w+|eras\w+|remov\w+) ~8 (personal )?data|gdpr|(delet|clos)(e|ed|ing) ~2 accounts?"),
    (STRONG, "", r"swap\w*|exchang(e|ed|ing) (it|them|the|this|for)|replacement (sent|shipped|delivered)"),
    (STRONG, "", r"wish (her|him|them|you) ~2 best|congratulat\w*|retir(ed|es|ing|ement)"),
    (STRONG, "", r"press (team|office|enquir\w+|inquir\w+|release|kit|pass|contact)"),
    (STRONG, "", r"partner(ship|ing)?|sponsor\w*|collaborat\w*|journalist|school|thesis|interview\w*"),
    (STRONG, "", r"feedback|suggestions?|compliments?|feature request|newsletter|unsubscribe|mailing list"),
    (TOPIC, "", r"deliver\w*|shipping|shipped|ship|parcel|package|courier"),
    (TOPIC, "", r"store|shop|showroom|head ?office|headquarters|warehouse"),
)
MOODS: tuple[tuple[Mood, str], ...] = (
    (
        "trouble",
        r"""
        (since|for) (\w+ ){0,2}(seconds|minutes|hours|days|weeks|months|morning|\w+day|update|upgrade|patch)
        (every|each|all the) time|constantly|over and over|again|any ?more|still|keeps?|empty|by itself|on its own
        even (with|though|after)|tried|trying|wrong|strange\w*|odd|weird|terribl\w*|awful\w*|annoy\w*|frustrat\w*
        unaccept\w*|ridiculous|insane|invalid|unexpected\w*|losing my mind|suddenly|random\w*|sometimes|stop(s|ped)
        instead of|useless|rubbish|please help|help me|fix|repair|what does|overnight|like crazy|beeps?|come out as
        tak(es?|ing) \w+ (\w+ )?(seconds|minutes|long|ages|forever)|in circles|noise|flash(es|ing)
        denied|unsupported|only works|late|delay\w*|ignor\w+|by accident|too|gone|says|but (the|it|now|not)
        why (am|is|are|do|does|did|has|have)|CANNOT
        """,
    ),
    (
        "praise",
        r"""
        lov(e|ely|ing)|great|excellent|fantastic|wonderful|amazing|awesome|superb|enjoy\w*|well done|good job
        beautiful\w*|brilliant|nice work
        """,
    ),
    (
        "enquiry",
        r"""
        do you (have|sell|offer|make|stock|ship|plan|carry|know|rent)|do you guys|in stock|compar\w+|difference
        suitable for|(does|do|will|would) (the|your|this|these) \w+( \w+)? fit( an?)?
        (is|are) (there|your|the|these|this) ~5 (available|compatible|waterproof|included|in stock|open|free|made|sold)
        recommend\w*|interested in|looking for|(want|like|love|plan) to buy|bought from|would be (great|nice|cool)
        how (much|many|tall|big|old|heavy)|which (of|one|model|colou?rs?)|who (is|made|designed)|i wish
        when (is|will|are|does) ~5 (released?|launch\w*|available|come out|arriv\w*)
        """,
    ),
)
