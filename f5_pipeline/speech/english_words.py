"""English: the tables behind ``english``. Words and marks only; what is done with them is there."""

from __future__ import annotations

# A full stop after these belongs to the abbreviation: what follows is the same sentence.
TITLES = {
    "Mr": "Mister", "Mrs": "Missus", "Ms": "Miz", "Dr": "Doctor", "Prof": "Professor", "Gov": "Governor",
    "Gen": "General", "Sgt": "Sergeant", "Capt": "Captain", "Lt": "Lieutenant", "Col": "Colonel", "Rev": "Reverend",
    "Hon": "Honorable", "Sen": "Senator", "Rep": "Representative", "Pres": "President", "Mt": "Mount", "Ft": "Fort",
}  # fmt: skip
# These may also end a sentence; then their full stop stays.
WORDS = {
    "Jr": "Junior", "Sr": "Senior", "Inc": "Incorporated", "Ltd": "Limited", "Corp": "Corporation", "Co": "Company",
    "Bros": "Brothers", "Ave": "Avenue", "Blvd": "Boulevard", "Rd": "Road", "Dept": "Department",
    "dept": "department", "etc": "et cetera", "approx": "approximately", "max": "maximum",
    "Jan": "January", "Feb": "February", "Aug": "August", "Sept": "September", "Oct": "October", "Nov": "November",
    "Dec": "December", "Mon": "Monday", "Tue": "Tuesday", "Tues": "Tuesday", "Wed": "Wednesday", "Thu": "Thursday",
    "Thurs": "Thursday", "Fri": "Friday", "vs": "versus", "Vs": "Versus",
}  # fmt: skip
BEFORE_NUMBER = {
    "No": "number", "Nos": "numbers", "Fig": "figure", "fig": "figure", "Figs": "figures",
    "Vol": "volume", "vol": "volume", "Ch": "chapter", "ch": "chapter", "p": "page", "pp": "pages",
    "Eq": "equation", "Sec": "section", "Apt": "apartment", "Art": "article",
}  # fmt: skip
PHRASES = (  # what a text must contain for the pattern to matter, pattern, reading
    ("g.", r"\be\.\s?g\.,?", "for example,"),
    ("i.", r"\bi\.\s?e\.,?", "that is,"),
    ("k", r"\ba\.?k\.?a\.?(?=\s)", "also known as"),
    ("w/", r"(?<!\w)w/o\b", "without"),
    ("w/", r"(?<!\w)w/(?=\s?\w)", "with "),
    ("/", r"\band/or\b", "and or"),
    ("/", r"\b24/7\b", "twenty-four seven"),
    ("/", r"\b9/11\b", "nine eleven"),
    ("cf.", r"\bcf\.", "compare"),
    ("et al.", r"\bet al\.(?=\s+[a-z(]|,)", "et al"),
)
SYMBOLS = (
    (r"\s*&\s*", " and "),
    (r"#(?=\d)|№\s?", "number "),
    (r"(?<=[A-Za-z])\+(?=\s|$|[.,!?])", " plus"),
    (r"(?<=\w) \+ (?=\w)", " plus "),
    (r"(?<=\w) = (?=\w)", " equals "),
    (r"(?<=\w) < (?=\w)", " is less than "),
    (r"(?<=\w) > (?=\w)", " is greater than "),
    (r"[≈~](?=[\d$€£])", "about "),
    (r"±\s?", "plus or minus "),
    (r"÷", " divided by "),
    (r"§\s?", "section "),
    (r"(?<=\s)@(?=\s)", "at"),
    (r"[*`]+|(?<!\w)_+|_+(?!\w)", ""),
    (r"_", " "),
)
ADDRESS_SIGNS = {
    ".": "dot", "/": "slash", "-": "dash", "_": "underscore", "@": "at", "?": "question mark", "=": "equals",
    "&": "and", "#": "hash", ":": "colon", "%": "percent", "~": "tilde", "+": "plus",
}  # fmt: skip
TOP_LEVEL = "com|org|net|edu|gov|io|ai|app|dev|info|tv|co\\.uk|ac\\.uk|uk|de|fr|eu|ca|au|jp|ch|nl"
ROMAN = {"II": 2, "III": 3, "IV": 4, "VI": 6, "VII": 7, "VIII": 8, "IX": 9, "XI": 11, "XII": 12, "XIII": 13}
ROMAN |= {"XIV": 14, "XV": 15, "XVI": 16, "XVII": 17, "XVIII": 18, "XIX": 19, "XX": 20, "XXI": 21, "V": 5, "X": 10}
NUMBERED = "Chapter|Part|Volume|Book|Act|Scene|Section|War|Phase|Type|Level|Class|Appendix|Article|Title|Step"
REGNAL = "Henry|Louis|Elizabeth|Charles|George|Edward|James|William|Richard|Philip|Frederick|John|Paul|Pius|Leo"
REGNAL += "|Benedict|Gregory|Clement|Innocent|Urban|Peter|Catherine|Alexander|Nicholas|Napoleon|Wilhelm|Ramses"
SENTENCE_STARTERS = (
    "The", "A", "An", "It", "He", "She", "We", "They", "This", "That", "These", "Those", "Then", "But", "And",
    "In", "On", "At", "So", "If", "When", "You", "I", "My", "What",
)  # fmt: skip
SAID_AS_WORDS = {
    "NASA", "NATO", "UNESCO", "UNICEF", "OPEC", "LASER", "RADAR", "SCUBA", "AIDS", "COVID", "FIFA", "UEFA", "PIN",
    "RAM", "ROM", "GIF", "SIM",
}  # fmt: skip
