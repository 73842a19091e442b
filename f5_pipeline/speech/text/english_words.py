"""English: the tables behind ``english`` and ``english_numbers``. Words and marks; what is done with them is there."""

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
CURRENCIES = {  # symbol or code: one, many, a hundredth, hundredths
    "$": ("dollar", "dollars", "cent", "cents"),
    "US$": ("US dollar", "US dollars", "cent", "cents"),
    "USD": ("US dollar", "US dollars", "cent", "cents"),
    "C$": ("Canadian dollar", "Canadian dollars", "cent", "cents"),
    "A$": ("Australian dollar", "Australian dollars", "cent", "cents"),
    "€": ("euro", "euros", "cent", "cents"),
    "EUR": ("euro", "euros", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
    "GBP": ("pound", "pounds", "penny", "pence"),
    "¥": ("yen", "yen", "", ""),
    "JPY": ("yen", "yen", "", ""),
    "₹": ("rupee", "rupees", "paisa", "paise"),
    "INR": ("rupee", "rupees", "paisa", "paise"),
    "₽": ("ruble", "rubles", "kopeck", "kopecks"),
    "CHF": ("Swiss franc", "Swiss francs", "centime", "centimes"),
}
MAGNITUDES = {"k": "thousand", "K": "thousand", "m": "million", "M": "million", "mn": "million", "bn": "billion"}
MAGNITUDES |= {"b": "billion", "B": "billion", "tn": "trillion", "T": "trillion"}
MAGNITUDES |= {word: word for word in ("hundred", "thousand", "million", "billion", "trillion")}

UNITS = {  # symbol: one, many
    "km/h": ("kilometer per hour", "kilometers per hour"),
    "kph": ("kilometer per hour", "kilometers per hour"),
    "mph": ("mile per hour", "miles per hour"),
    "m/s": ("meter per second", "meters per second"),
    "km": ("kilometer", "kilometers"),
    "cm": ("centimeter", "centimeters"),
    "mm": ("millimeter", "millimeters"),
    "m": ("meter", "meters"),
    "mi": ("mile", "miles"),
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
