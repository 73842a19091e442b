"""English: the word tables of ``english`` and ``english_numbers``. Data only; the rules are there."""

from __future__ import annotations

import re
from collections.abc import Callable

# A full stop after these belongs to the abbreviation; the sentence continues.
TITLES = {
    "Mr": "Mister", "Mrs": "Missus", "Ms": "Miz", "Dr": "Doctor", "Prof": "Professor", "Gov": "Governor",
    "Gen": "General", "Sgt": "Sergeant", "Capt": "Captain", "Lt": "Lieutenant", "Col": "Colonel", "Rev": "Reverend",
    "Hon": "Honorable", "Sen": "Senator", "Rep": "Representative", "Pres": "President", "Mt": "Mount", "Ft": "Fort",
    "Maj": "Major", "Cpl": "Corporal", "Pvt": "Private", "Adm": "Admiral", "Cmdr": "Commander",
    "Supt": "Superintendent", "Det": "Detective", "Insp": "Inspector",
}  # fmt: skip
# These may also end a sentence; then the full stop stays.
WORDS = {
    "Jr": "Junior", "Sr": "Senior", "Inc": "Incorporated", "Ltd": "Limited", "Corp": "Corporation", "Co": "Company",
    "Bros": "Brothers", "Ave": "Avenue", "Blvd": "Boulevard", "Rd": "Road", "Dept": "Department",
    "dept": "department", "etc": "et cetera", "approx": "approximately", "max": "maximum",
    "Feb": "February", "Aug": "August", "Sept": "September", "Oct": "October", "Nov": "November",
    "Dec": "December", "Mon": "Monday", "Tue": "Tuesday", "Tues": "Tuesday", "Wed": "Wednesday", "Thu": "Thursday",
    "Thurs": "Thursday", "Fri": "Friday", "vs": "versus", "Vs": "Versus",
}  # fmt: skip
BEFORE_NUMBER = {
    "No": "number", "Nos": "numbers", "Fig": "figure", "fig": "figure", "Figs": "figures",
    "Vol": "volume", "vol": "volume", "Ch": "chapter", "ch": "chapter", "p": "page", "pp": "pages",
    "Eq": "equation", "Sec": "section", "Apt": "apartment", "Art": "article",
    "c": "circa", "ca": "circa", "Lvl": "level", "lvl": "level", "Rte": "route", "Hwy": "highway",
    "Ext": "extension", "ext": "extension", "Est": "established", "est": "established",
}  # fmt: skip
FILES = "txt|html?|pdf|docx?|xlsx?|pptx?|csv|md|py|js|json|xml|ya?ml|png|jpe?g|gif|svg|mp3|mp4|wav|flac|zip|exe"
PER = {
    "hr": "hour", "mo": "month", "yr": "year", "wk": "week", "min": "minute", "sec": "second",
    **{word: word for word in ("second", "minute", "hour", "day", "night", "week", "month", "year", "person", "mile")},
}  # fmt: skip
PHRASES: tuple[
    tuple[str, str, str | Callable[[re.Match[str]], str]], ...
] = (  # a string that the text must contain (a quick check), pattern, replacement
    ("g.", r"\b[Ee]\.\s?g\.,?", "for example,"),
    ("e.", r"\b[Ii]\.\s?e\.,?", "that is,"),
    ("No. of", r"\bNo\. of\b", "Number of"),
    ("Dr.", r"(?<=[a-z] )Dr\.(?=,|\s*$)", "Drive"),
    (".", rf"(?<=[\w-])\.(?=(?:{FILES})\b)", " dot "),
    ("/", rf"(\d ?[A-Za-z%]{{0,5}})/({'|'.join(PER)})\b", lambda match: f"{match[1]} per {PER[match[2]]}"),
    ("/", r"\b(Step|Part|Page|Slide|Question|Round|Day|Lesson|Module|Wave|Lap) (\d+)/(\d+)\b", r"\1 \2 of \3"),
    ("&", r"\b([A-Z]{2,3})(?=&[A-Z]\b)", lambda match: " ".join(match[1])),  # "AT&T": not a stressed "at"
    ("k", r"\ba\.?k\.?a\.?(?=\s)", "also known as"),
    ("w/", r"(?<!\w)w/o\b", "without"),
    ("w/", r"(?<!\w)w/(?=\s?\w)", "with "),
    ("/", r"\band/or\b", "and or"),
    ("/", r"(?<![\d/])24/7/365(?![\d/])", "twenty-four seven, three sixty-five"),
    ("c/o", r"\bc/o\b", "care of"),
    ("/", r"(?<![\d/])24/7(?![\d/])", "twenty-four seven"),
    ("/", r"(?<![\d/])9/11(?![\d/])", "nine eleven"),
    (
        "Jan.",
        r"\b([Ii]n|[Ss]ince|[Uu]ntil|[Ll]ast|[Nn]ext|[Ee]arly|[Ll]ate) Jan\.(?!\s\d)",
        r"\1 January",
    ),
    ("/", r"(?<![\d/])50/50(?![\d/])", "fifty-fifty"),
    ("st.", r"\b([Ee])st\. (?=[a-z])", r"\1stimated "),
    ("v.", r"(?<=[a-z]) v\. (?=[A-Z])", " versus "),
    ("Ph.", r"\bPh\.\s?D\.", "PhD"),
    ("Mon", r"\bMon\.?\s?[-–]\s?Fri\b(?:\.(?=\s*[a-z0-9,;]))?", "Monday to Friday"),
    ("St,", r"(?<=[a-z] )St(?=,)", "Street"),
    ("cf.", r"\bcf\.", "compare"),
    ("et al.", r"\bet al\.(?=\s+[a-z(]|,)", "et al"),
)
SYMBOLS = (
    (r"\s*&\s*", " and "),
    (r"\b([Pp]ress|[Dd]ial) #(?=\d)", r"\1 pound "),
    (r"#(?=\d)|№\s?", "number "),
    (r"(?<=[A-Za-z])\+\+", " plus plus"),
    (r"\b([A-G])#", r"\1 sharp"),
    (r"(?<!\w)#(?=[A-Za-z])", "hashtag "),
    (r"(?<!\w)@(?=[A-Za-z])", "at "),
    (r"(?<=\w)\+(?=\s|$|[.,!?)\"])", " plus"),
    (r"(?<=\w) \+ (?=\w)", " plus "),
    (r"(?<=\w) = (?=-?\w)", " equals "),
    (r"(?<=\d) < (?=\w)|(?<=\b[a-z]) < (?=\w)|(?<=\w) < (?=\d)", " is less than "),
    (r"(?<=\d) > (?=\w)|(?<=\b[a-z]) > (?=\w)|(?<=\w) > (?=\d)", " is greater than "),
    (r"(?<=\w) (?:>|→) (?=\w)", ", "),  # a path through menus
    (r"\s*≤\s*", " is at most "),
    (r"\s*≥\s*", " is at least "),
    (r"\s*≠\s*", " is not equal to "),
    (r"√\s?(?=\w)", "the square root of "),
    (r"(?<!\w)π(?!\w)", "pi"),
    (r"∞", " infinity "),
    (r"[™®]", ""),
    (r"(?<=\w) ≈ (?=\w)", " is about "),
    (r"[≈~](?=[\d$€£])", "about "),
    (r"\b([Pp]ress|[Dd]ial|[Tt]he|then|or|and|by) \*(?![\w*])", r"\1 star"),
    (r"\b([Pp]ress|[Dd]ial|[Tt]he|then|or|and|by) #(?!\w)", r"\1 pound"),
    (r"\b([Pp]ress|[Dd]ial|[Ee]nter|then|or|and) \*(?=\d+(?![\d*]))", r"\1 star "),
    (r"±\s?", "plus or minus "),
    (r"÷", " divided by "),
    (r"§\s?", "section "),
    (r"¶\s?(?=\d)", "paragraph "),
    (r"\s*\\\s*", " backslash "),
    (r"(?<=\s)@(?=\s)", "at"),
    (r"(?<=\w)\s?(?:\^|\*\*)\s?(?=-?\d)", " to the power of "),
    (r"(?<=\d)(?:\*| \* )(?=\d)", " times "),
    (r"[*`]+|(?<!\w)_+|_+(?!\w)", ""),
    (r"_", " "),
)
ADDRESS_SIGNS = {
    ".": "dot", "/": "slash", "-": "dash", "_": "underscore", "@": "at", "?": "question mark", "=": "equals",
    "&": "and", "#": "hash", ":": "colon", "%": "percent", "~": "tilde", "+": "plus",
}  # fmt: skip
TOP_LEVEL = "com|org|net|edu|gov|io|ai|app|dev|info|tv|co\\.uk|ac\\.uk|uk|de|fr|eu|ca|au|jp|ch|nl"
ROMAN_DIGITS = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}
NUMBERED = (
    "Chapter", "Part", "Volume", "Book", "Act", "Scene", "Section", "War", "Phase", "Type", "Level", "Class",
    "Appendix", "Article", "Title", "Step", "Episode", "Canto", "Tier", "Rank", "Bowl",
)  # fmt: skip
REGNAL = "Henry|Louis|Elizabeth|Charles|George|Edward|James|William|Richard|Philip|Frederick|John|Paul|Pius|Leo"
REGNAL += "|Benedict|Gregory|Clement|Innocent|Urban|Peter|Catherine|Alexander|Nicholas|Napoleon|Wilhelm|Ramses"
SENTENCE_STARTERS = (
    "The", "A", "An", "It", "He", "She", "We", "They", "This", "That", "These", "Those", "Then", "But", "And",
    "In", "On", "At", "So", "If", "When", "You", "I", "My", "What",
)  # fmt: skip
ACRONYMS = {  # of two to five letters; none is a word that may be stressed by capitals
    "NATO", "NASA", "UN", "EU", "UK", "USA", "UAE", "FBI", "CIA", "NSA", "BBC", "CNN", "NBC", "CBS", "NHS", "NYC",
    "NYPD", "IRS", "DNA", "RNA", "GPS", "TV", "DVD", "CD", "PC", "CPU", "GPU", "API", "URL", "HTML", "HTTP",
    "HTTPS", "CSS", "SQL", "JSON", "XML", "PDF", "USB", "HDMI", "LCD", "SMS", "VIP", "CEO", "CFO", "CTO", "MBA",
    "PM", "UTC", "GMT", "UFO", "ATM", "FAQ", "NPC", "RPG", "XP", "HP", "AI", "ML", "VR", "QA", "UX", "UI", "HR",
    "IBM", "BMW", "UCLA", "MTV", "NBA", "NFL", "NHL", "FIFA", "UEFA", "OECD", "IMF", "NGO", "RSVP", "DJ", "DIY",
    "TNT", "IQ", "FM", "OMG", "LOL", "BRB", "WTF", "OK",
}  # fmt: skip
LETTERED = {  # words before a letter that is not an initial: "plan B"
    "a", "an", "the", "and", "or", "plan", "vitamin", "grade", "type", "group", "option", "class", "section", "exhibit",
    "part", "point", "room", "gate", "team", "step", "appendix", "hepatitis", "letter", "answer", "block", "unit",
    "level",
}  # fmt: skip
# Words of two to five letters that are often stressed by capitals; without those that are also acronyms (US, WHO).
_STRESSED = """
    ABLE ABOUT ABOVE ACT AFTER AGAIN AGO AH ALIVE ALL ALONE ALSO AN AND ANGRY ANY ARE ARM ARMS AS ASK AT ATE AWAY AWE
    BABY BACK BAD BAG BE BED BEEN BEG BEGIN BELOW BEST BET BIG BIT BLACK BLAME BLIND BLOOD BLUE BODY BOMB BOOK BOOM
    BOTH BOX BOY BRAVE BREAK BRING BUILD BURN BUT BUY BY BYE CALL CAN CARE CATCH CAUSE CHILD CITY CLEAN CLEAR CLICK
    CLOSE COLD COME COULD COVER CRAZY CUT DAMN DANCE DARE DARK DAY DAYS DEAD DEAL DEAR DEATH DEEP DID DIE DIED DIRTY
    DO DOES DOING DONE DOOR DOWN DRINK DRIVE DROP DUCK DUMB EACH EARLY EARTH EASY EAT EIGHT ELSE END ENEMY ENJOY ENTER
    EVEN EVER EVERY EVIL EXACT EXIT EXTRA EYE EYES FACE FACT FALL FALSE FAR FAST FEAR FEEL FELT FEW FIGHT FINAL FIND
    FINE FIRE FIRST FIVE FLOOR FLY FOOD FOOL FOR FORM FOUND FOUR FREE FRESH FROM FULL FUN GAME GATE GAVE GET GIRL GIVE
    GO GOD GOES GOING GOLD GONE GOOD GOT GREAT GREEN GRR GUARD GUESS GUN GUY GUYS HA HAD HALF HALT HAND HANDS HAPPY
    HARD HAS HATE HAVE HE HEAD HEAR HEARD HEART HEAT HEAVY HELL HELLO HELP HER HERE HERO HEY HI HIDE HIGH HIM HIS HIT
    HMM HOLD HOLE HOLY HOME HOPE HORSE HOT HOUR HOUSE HOW HUGE HUH HUMAN HUNT HURRY HURT IDEA IDIOT IF IN INTO IS JOB
    JOIN JOKE JUMP JUST KEEP KEPT KEY KEYS KID KIDS KILL KIND KING KNEW KNIFE KNOW LADY LAND LAST LATE LATER LAW LEARN
    LEAST LEAVE LEFT LEG LESS LET LETS LIAR LIE LIED LIES LIFE LIGHT LIKE LINE LIST LIVE LIVES LOCK LONG LOOK LOOSE
    LORD LOSE LOSER LOST LOT LOTS LOUD LOVE LOW LUCK MAD MADE MAGIC MAIN MAKE MAN MANY MAY MAYBE ME MEAN MEANT MEET
    MEN MERRY MET MIND MINE MISS MONEY MOON MORE MOST MOUTH MOVE MR MRS MUCH MUM MUSIC MUST MY NAME NAMES NEAR NEED
    NEVER NEW NEWS NEXT NICE NIGHT NINE NO NONE NOON NOPE NOR NOT NOTE NOW OF OFF OFTEN OH OKAY OLD ON ONCE ONE ONES
    ONLY ONTO OOH OOPS OPEN OR ORDER OTHER OUCH OUR OURS OUT OVER OW OWN PAGE PAID PAIN PART PARTY PAST PAUSE PAY
    PEACE PFFT PHONE PICK PIECE PLACE PLAN PLAY POINT POOR POWER PRESS PROUD PSST PULL PUSH PUT QUEEN QUICK QUIET QUIT
    QUITE RACE RAIN RAN READ READY REAL RED REST RICH RIDE RIGHT RISE RISK ROAD ROOM RULE RULES RUN SAD SAFE SAID SALE
    SAME SAVE SAW SAY SAYS SCENE SEA SEE SEEN SELF SELL SEND SENT SERVE SET SEVEN SHALL SHARP SHE SHH SHIP SHIT SHOOT
    SHOP SHORT SHOT SHOUT SHOW SHUT SIDE SIGN SILLY SINCE SING SIR SIT SIX SKIP SKY SLEEP SLOW SMALL SMART SMILE SO
    SOFT SOLD SOME SON SONG SOON SORRY SOUND SPEAK SPELL STAND STAR START STAY STEAL STEP STILL STOP STORY STUCK STUDY
    STUFF SUCH SUN SURE SWEAR SWORD TAKE TAKEN TALK TALL TAX TEAM TELL TEN TEST THAN THANK THAT THE THEIR THEM THEN
    THERE THESE THEY THIN THING THINK THIRD THIS THOSE THREE THROW THUS THY TILL TIME TIMES TINY TIP TIRED TO TODAY
    TOLD TOO TOOK TOP TOTAL TOUCH TOWN TRAP TREE TRUE TRULY TRUST TRUTH TRY TSK TURN TWICE TWO UGH UGLY UH UM UNDER
    UNTIL UP UPON USE USED USING USUAL VERY VOICE VOTE WAIT WAKE WALK WALL WANT WANTS WAR WARM WARN WAS WASH WATCH
    WATER WAVE WAY WE WEAK WEEK WELL WENT WERE WEST WHAT WHEN WHERE WHICH WHILE WHITE WHOA WHOLE WHOM WHOSE WHY WIDE
    WIFE WILD WILL WIN WIND WINE WISE WISH WITH WOMAN WOMEN WON WORD WORDS WORK WORLD WORN WORRY WORSE WORST WORTH
    WOULD WOW WRITE WRONG YAY YEAH YEAR YEARS YELL YEP YES YET YO YOU YOUNG YOUR YOURS ZERO
"""
STRESSED = frozenset(_STRESSED.split())
SAID_AS_WORDS = {
    "NASA", "NATO", "UNESCO", "UNICEF", "OPEC", "LASER", "RADAR", "SCUBA", "AIDS", "COVID", "FIFA", "UEFA", "PIN",
    "RAM", "ROM", "GIF", "SIM",
}  # fmt: skip
CURRENCIES = {  # symbol or code: singular, plural, subunit, subunit's plural
    "$": ("dollar", "dollars", "cent", "cents"),
    "US$": ("US dollar", "US dollars", "cent", "cents"),
    "USD": ("US dollar", "US dollars", "cent", "cents"),
    "C$": ("Canadian dollar", "Canadian dollars", "cent", "cents"),
    "CA$": ("Canadian dollar", "Canadian dollars", "cent", "cents"),
    "CAD": ("Canadian dollar", "Canadian dollars", "cent", "cents"),
    "A$": ("Australian dollar", "Australian dollars", "cent", "cents"),
    "AU$": ("Australian dollar", "Australian dollars", "cent", "cents"),
    "AUD": ("Australian dollar", "Australian dollars", "cent", "cents"),
    "NZ$": ("New Zealand dollar", "New Zealand dollars", "cent", "cents"),
    "HK$": ("Hong Kong dollar", "Hong Kong dollars", "cent", "cents"),
    "S$": ("Singapore dollar", "Singapore dollars", "cent", "cents"),
    "R$": ("real", "reais", "centavo", "centavos"),
    "€": ("euro", "euros", "cent", "cents"),
    "EUR": ("euro", "euros", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
    "GBP": ("pound", "pounds", "penny", "pence"),
    "¥": ("yen", "yen", "", ""),
    "JPY": ("yen", "yen", "", ""),
    "₹": ("rupee", "rupees", "paisa", "paise"),
    "INR": ("rupee", "rupees", "paisa", "paise"),
    "₽": ("ruble", "rubles", "kopeck", "kopecks"),
    "¢": ("cent", "cents", "", ""),
    "CHF": ("Swiss franc", "Swiss francs", "centime", "centimes"),
}
MAGNITUDES = {"k": "thousand", "K": "thousand", "m": "million", "M": "million", "mn": "million", "bn": "billion"}
MAGNITUDES |= {"b": "billion", "B": "billion", "tn": "trillion", "T": "trillion"}
MAGNITUDES |= {word: word for word in ("hundred", "thousand", "million", "billion", "trillion")}

UNITS = {  # symbol: singular, plural
    "km/h": ("kilometer per hour", "kilometers per hour"),
    "kph": ("kilometer per hour", "kilometers per hour"),
    "mph": ("mile per hour", "miles per hour"),
    "m/s²": ("meter per second squared", "meters per second squared"),
    "fps": ("frame per second", "frames per second"),
    "m/s": ("meter per second", "meters per second"),
    "km": ("kilometer", "kilometers"),
    "cm": ("centimeter", "centimeters"),
    "mm": ("millimeter", "millimeters"),
    "m": ("meter", "meters"),
    "mi": ("mile", "miles"),
    "mi/h": ("mile per hour", "miles per hour"),
    "mpg": ("mile per gallon", "miles per gallon"),
    "rpm": ("revolution per minute", "revolutions per minute"),
    "bpm": ("beat per minute", "beats per minute"),
    "MB/s": ("megabyte per second", "megabytes per second"),
    "GB/s": ("gigabyte per second", "gigabytes per second"),
    "Mbit/s": ("megabit per second", "megabits per second"),
    "Gbit/s": ("gigabit per second", "gigabits per second"),
    "tsp": ("teaspoon", "teaspoons"),
    "tbsp": ("tablespoon", "tablespoons"),
    "pts": ("point", "points"),
    "ft": ("foot", "feet"),
    "yd": ("yard", "yards"),
    "kg": ("kilogram", "kilograms"),
    "mg": ("milligram", "milligrams"),
    "g": ("gram", "grams"),
    "lb": ("pound", "pounds"),
    "lbs": ("pound", "pounds"),
    "oz": ("ounce", "ounces"),
    "ml": ("milliliter", "milliliters"),
    "mL": ("milliliter", "milliliters"),
    "L": ("liter", "liters"),
    "l": ("liter", "liters"),
    "gal": ("gallon", "gallons"),
    "m²": ("square meter", "square meters"),
    "km²": ("square kilometer", "square kilometers"),
    "m³": ("cubic meter", "cubic meters"),
    "sq ft": ("square foot", "square feet"),
    "ms": ("millisecond", "milliseconds"),
    "sec": ("second", "seconds"),
    "secs": ("second", "seconds"),
    "s": ("second", "seconds"),
    "min": ("minute", "minutes"),
    "mins": ("minute", "minutes"),
    "h": ("hour", "hours"),
    "hr": ("hour", "hours"),
    "hrs": ("hour", "hours"),
    "Hz": ("hertz", "hertz"),
    "kHz": ("kilohertz", "kilohertz"),
    "MHz": ("megahertz", "megahertz"),
    "GHz": ("gigahertz", "gigahertz"),
    "W": ("watt", "watts"),
    "kW": ("kilowatt", "kilowatts"),
    "MW": ("megawatt", "megawatts"),
    "kWh": ("kilowatt hour", "kilowatt hours"),
    "V": ("volt", "volts"),
    "mAh": ("milliamp hour", "milliamp hours"),
    "dB": ("decibel", "decibels"),
    "kB": ("kilobyte", "kilobytes"),
    "KB": ("kilobyte", "kilobytes"),
    "MB": ("megabyte", "megabytes"),
    "GB": ("gigabyte", "gigabytes"),
    "TB": ("terabyte", "terabytes"),
    "Mbps": ("megabit per second", "megabits per second"),
    "Gbps": ("gigabit per second", "gigabits per second"),
    "cal": ("calorie", "calories"),
    "kcal": ("kilocalorie", "kilocalories"),
    "°C": ("degree Celsius", "degrees Celsius"),
    "°F": ("degree Fahrenheit", "degrees Fahrenheit"),
    "°": ("degree", "degrees"),
    "%": ("percent", "percent"),
    "‰": ("per mille", "per mille"),
}
